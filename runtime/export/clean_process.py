"""Runs exported files in a process of their own: arrays in, arrays out. Nothing of Layerloom is importable there.

`runtime.export.verify` starts it as `python -I clean_process.py job.json`. A job with `timed` set answers on standard output
how long calls take, for each line that asks it on standard input (`runtime.export.report`).
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

HIDDEN = ("graph", "runtime", "gui", "main")
Arrays = list[np.ndarray]
Call = Callable[[], Any]  # runs the network on inputs that it holds; `_arrays` reads what it gives
Bind = Callable[[Arrays], Call]


def main(job: Mapping) -> None:
    """Load the exported network of the job, and run or time it on its cases.

    The tensors are named `case/position`, in the file of inputs and in the file of outputs.
    """
    for name in HIDDEN:
        sys.modules[name] = None  # type: ignore[assignment]  # makes its import fail
    answers = os.fdopen(os.dup(1), "w") if job.get("timed") else None
    if answers is not None:
        os.dup2(2, 1)  # whatever prints something does not print it among the answers
    bind = LOADERS[job["loader"]](job)
    cases: dict[int, dict[int, np.ndarray]] = {}
    for key, array in load_file(job["inputs"]).items():
        case, position = map(int, key.split("/"))
        cases.setdefault(case, {})[position] = array
    inputs = [[cases[case][i] for i in sorted(cases[case])] for case in sorted(cases)]
    if answers is not None:
        time_calls([bind(arrays) for arrays in inputs], answers)
    else:
        save_file(run_cases(bind, inputs), job["outputs"])


def run_cases(bind: Bind, cases: list[Arrays]) -> dict[str, np.ndarray]:
    """The outputs of each case."""
    return {
        f"{case}/{position}": np.ascontiguousarray(array)
        for case, arrays in enumerate(cases)
        for position, array in enumerate(_arrays(bind(arrays)()))
    }


def time_calls(calls: list[Call], answers: Any) -> None:
    """For each line `case count` on standard input: the seconds of that many calls, and the peak memory in bytes."""
    for line in sys.stdin:
        case, count = map(int, line.split())
        call, seconds = calls[case], []
        gc.disable()
        for _ in range(count):
            began = perf_counter()
            call()
            seconds.append(perf_counter() - began)
        gc.enable()
        print(json.dumps({"seconds": seconds, "peak": peak_memory()}), file=answers, flush=True)


def peak_memory() -> int | None:
    """The most memory that this process had at any time, in bytes; None where the system does not say."""
    status = Path("/proc/self/status")
    if status.is_file():  # where getrusage counts what the parent had as well
        lines = (line.split() for line in status.read_text().splitlines())
        return next((int(words[1]) * 1024 for words in lines if words[:1] == ["VmHWM:"]), None)
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def load_module(job: Mapping) -> Bind:
    """The class in a generated source, with the weights of a safetensors file."""
    from safetensors.torch import load_file as load_tensors

    model = runpy.run_path(job["source"])[job["class_name"]]()
    model.load_state_dict(load_tensors(job["weights"]))
    return _torch_bind(model.eval(), job)


def load_project(job: Mapping) -> Bind:
    """The model as the exported project's own `predict.py` loads it."""
    sys.path.insert(0, job["folder"])
    return _torch_bind(importlib.import_module("predict").load_model().eval(), job)


def load_onnx(job: Mapping) -> Bind:
    """An ONNX file in onnxruntime, without torch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job["threads"]
    session = onnxruntime.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]

    def bind(arrays: Arrays) -> Call:
        inputs = dict(zip(names, arrays, strict=True))
        return lambda: session.run(None, inputs)

    return bind


def load_program(job: Mapping) -> Bind:
    """A PyTorch program, without the Python code that it was made of; it is in evaluation mode for ever."""
    import torch

    return _torch_bind(torch.export.load(job["model"]).module(), job)


LOADERS = {"module": load_module, "project": load_project, "onnx": load_onnx, "program": load_program}


def _torch_bind(model, job: Mapping) -> Bind:
    import torch

    torch.set_num_threads(job["threads"])  # sums that are split over other threads round differently

    def bind(arrays: Arrays) -> Call:
        inputs = [torch.tensor(array) for array in arrays]
        torch.manual_seed(job["seed"])

        def call():
            with torch.inference_mode():
                return model(*inputs)

        return call

    return bind


def _arrays(result: Any) -> Arrays:
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    return [output if isinstance(output, np.ndarray) else output.numpy() for output in outputs]


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
