"""The second run of an export: the same inputs through the files in a clean process and through the model here."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from graph.messages import ExportError, msg
from runtime.analysis import TensorSpec

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from runtime.compiler import Compiled

BATCH_SIZES = (1, 2, 7)
SEED = 20240
TIMEOUT = 900  # seconds
_SCRIPT = Path(__file__).with_name("clean_process.py")


class Difference(NamedTuple):
    """The largest absolute difference of a batch, and the largest absolute value of its outputs."""

    largest: float
    scale: float

    def within(self, tolerance: float) -> bool:
        """Whether the difference is at most `tolerance` times the scale (1 where that is smaller)."""
        return self.largest <= tolerance * max(1.0, self.scale)


def input_specs(compiled: Compiled) -> list[TensorSpec]:
    """What the network takes, input by input; a drawing that was compiled knows all of it."""
    specs = [compiled.analysis.spec(port) for port in compiled.inputs]
    return [spec for spec in specs if spec is not None]


def random_batches(specs: Sequence[TensorSpec], sizes: Sequence[int] = BATCH_SIZES) -> dict[str, tuple[Tensor, ...]]:
    """Seeded random inputs of the given shapes and dtypes, by the name of their batch: its size."""
    import torch

    generator = torch.Generator().manual_seed(SEED)
    return {str(size): tuple(_random(spec, size, generator) for spec in specs) for size in sizes}


def compare(
    model: nn.Module, batches: Mapping[str, tuple[Tensor, ...]], *, job: Mapping[str, str], scratch: Path
) -> dict[str, Difference]:
    """Run the batches through `model` here and through the files that `job` names in a clean process.

    `scratch` is a folder for what goes in and out. Both sides run on the CPU, in evaluation mode, with as many threads,
    and draw the same random numbers in every batch.

    Raises:
        ExportError: the files do not run there.
    """
    import torch

    still = still_copy(model)
    expected = [_outputs(still, batch) for batch in batches.values()]
    settings = {"threads": torch.get_num_threads(), "seed": SEED}
    answered = _run_clean(list(batches.values()), job={**job, **settings}, scratch=scratch)
    return {name: difference(want, got) for name, want, got in zip(batches, expected, answered, strict=True)}


def still_copy(model: nn.Module) -> nn.Module:
    """The model on the CPU, in evaluation mode, each parameter in its own memory (how it is aligned changes sums)."""
    still = copy.deepcopy(model).to("cpu").eval()
    for tensor in (*still.parameters(), *still.buffers()):
        tensor.data = tensor.data.clone()
    return still


def exportable(model: nn.Module) -> nn.Module:
    """The model itself; in a wrapper where a layer is called like an attribute of the class that a program is loaded as."""
    from torch import nn
    from torch.fx import GraphModule

    names = [name for name, _ in (*model.named_children(), *model.named_parameters(recurse=False))]
    if not any(hasattr(GraphModule, name) for name in names):
        return model
    wrapper = nn.Module()
    wrapper.network = model
    wrapper.forward = model.forward
    return wrapper.eval()


def draws(model: nn.Module, batch: tuple[Tensor, ...]) -> bool:
    """Whether the model, which is on the CPU, draws random numbers for a batch."""
    import torch

    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        before = torch.get_rng_state()
        model(*(tensor.clone() for tensor in batch))
        return not torch.equal(before, torch.get_rng_state())


def _random(spec: TensorSpec, size: int, generator: torch.Generator) -> Tensor:
    import torch

    shape = tuple(size if dim == "B" else int(dim) for dim in spec.shape)
    dtype = getattr(torch, spec.dtype)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator, dtype=dtype)
    return torch.randint(0, spec.classes or 2, shape, generator=generator).to(dtype)


def _outputs(model: nn.Module, batch: tuple[Tensor, ...]) -> list[Tensor]:
    import torch

    with torch.random.fork_rng(devices=[]), torch.inference_mode():  # a run beside this goes on with its own numbers
        torch.default_generator.manual_seed(SEED)
        result = model(*(tensor.clone() for tensor in batch))
    return list(result) if isinstance(result, tuple) else [result]


def _run_clean(batches: Sequence[tuple[Tensor, ...]], *, job: Mapping, scratch: Path) -> list[list[Tensor]]:
    from safetensors.torch import load_file

    outputs = scratch / "outputs.safetensors"
    _start(write_job(batches, {**job, "outputs": str(outputs)}, scratch), scratch)
    answers = load_file(outputs)
    return [[answers[key] for key in _keys(answers, i)] for i in range(len(batches))]


def write_job(batches: Sequence[tuple[Tensor, ...]], job: Mapping, scratch: Path) -> Path:
    """Write down what a clean process is to do with these batches; gives the file that it is started with."""
    from safetensors.torch import save_file

    inputs, order = scratch / "inputs.safetensors", scratch / "job.json"
    save_file({f"{i}/{j}": t.contiguous() for i, batch in enumerate(batches) for j, t in enumerate(batch)}, inputs)
    order.write_text(json.dumps({**job, "inputs": str(inputs)}), "utf-8")
    return order


def clean_command(order: Path) -> list[str]:
    """The command line of a clean process."""
    return [sys.executable, "-I", str(_SCRIPT), str(order)]


def clean_environment() -> dict[str, str]:
    """The environment of a clean process: it computes on the CPU."""
    return os.environ | {"CUDA_VISIBLE_DEVICES": ""}


def _keys(answers: Mapping[str, object], case: int) -> list[str]:
    return sorted((key for key in answers if key.startswith(f"{case}/")), key=lambda key: int(key.split("/")[1]))


def _start(order: Path, folder: Path) -> None:
    try:
        process = subprocess.run(
            clean_command(order),
            cwd=folder,
            env=clean_environment(),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        raise too_late() from None
    if process.returncode != 0:
        raise ExportError(
            msg("The exported files do not run in a clean process: {error}", error=last_line(process.stderr))
        )


def too_late() -> ExportError:
    """What is said of a process that does not end."""
    return ExportError(
        msg("The exported files did not answer within {minutes} minutes in a clean process.", minutes=TIMEOUT // 60)
    )


def last_line(stderr: bytes) -> str:
    """What a process said last."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else "?"


def difference(expected: list[Tensor], answered: list[Tensor]) -> Difference:
    """How far the outputs of a batch lie apart: infinitely far if they differ in number, shape or dtype."""
    if len(expected) != len(answered):
        return Difference(float("inf"), 0.0)
    pairs = [_pair_difference(want, got) for want, got in zip(expected, answered, strict=True)]
    return Difference(max(p.largest for p in pairs), max(p.scale for p in pairs))


def _pair_difference(want: Tensor, got: Tensor) -> Difference:
    """The difference of two tensors; infinite if they differ in shape, in dtype, or in where they are not finite."""
    import torch

    if want.shape != got.shape or want.dtype != got.dtype:
        return Difference(float("inf"), 0.0)
    finite = torch.isfinite(want)
    if not torch.equal(finite, torch.isfinite(got)):
        return Difference(float("inf"), 0.0)
    if not torch.equal(want[~finite].nan_to_num(), got[~finite].nan_to_num()):
        return Difference(float("inf"), 0.0)
    want, got = want[finite].double(), got[finite].double()
    return Difference(_largest(want - got), _largest(want))


def _largest(values: Tensor) -> float:
    return values.abs().max().item() if values.numel() else 0.0
