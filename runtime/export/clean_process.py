"""Runs exported files in a process of their own: arrays in, arrays out. Nothing of Layerloom is importable there.

`runtime.export.verify` starts it as `python -I clean_process.py job.json`.
"""

from __future__ import annotations

import importlib
import json
import runpy
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

HIDDEN = ("graph", "runtime", "gui", "main")
Arrays = list[np.ndarray]
Run = Callable[[Arrays], Arrays]


def main(job: Mapping) -> None:
    """Run the exported network on every case of the job and write what it returns.

    The tensors are named `case/position`, in the file of inputs and in the file of outputs.
    """
    for name in HIDDEN:
        sys.modules[name] = None  # type: ignore[assignment]  # makes its import fail
    run = LOADERS[job["loader"]](job)
    cases: dict[int, dict[int, np.ndarray]] = {}
    for key, array in load_file(job["inputs"]).items():
        case, position = map(int, key.split("/"))
        cases.setdefault(case, {})[position] = array
    outputs = {
        f"{case}/{position}": np.ascontiguousarray(array)
        for case, arrays in cases.items()
        for position, array in enumerate(run([arrays[i] for i in sorted(arrays)]))
    }
    save_file(outputs, job["outputs"])


def load_module(job: Mapping) -> Run:
    """The class in a generated source, with the weights of a safetensors file."""
    from safetensors.torch import load_file as load_tensors

    model = runpy.run_path(job["source"])[job["class_name"]]()
    model.load_state_dict(load_tensors(job["weights"]))
    return _torch_run(model, job)


def load_project(job: Mapping) -> Run:
    """The model as the exported project's own `predict.py` loads it."""
    sys.path.insert(0, job["folder"])
    return _torch_run(importlib.import_module("predict").load_model(), job)


def load_onnx(job: Mapping) -> Run:
    """An ONNX file in onnxruntime, without torch."""
    import onnxruntime

    session = onnxruntime.InferenceSession(job["model"], providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    return lambda arrays: list(session.run(None, dict(zip(names, arrays, strict=True))))  # type: ignore[arg-type]


LOADERS = {"module": load_module, "project": load_project, "onnx": load_onnx}


def _torch_run(model, job: Mapping) -> Run:
    import torch

    torch.set_num_threads(job["threads"])  # sums that are split over other threads round differently
    model.eval()

    def run(arrays: Arrays) -> Arrays:
        torch.manual_seed(job["seed"])
        with torch.inference_mode():
            result = model(*map(torch.tensor, arrays))
        return [tensor.numpy() for tensor in (result if isinstance(result, tuple) else (result,))]

    return run


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
