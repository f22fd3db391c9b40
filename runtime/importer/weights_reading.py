"""Weights out of a file of somebody else, without running anything that is in it: safetensors, or what `torch.save` writes.

The latter is a pickle. It is read with `weights_only=True` and never otherwise, so that it can make tensors, numbers, texts and
containers and nothing else. Importable without torch.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from graph.atomic import explain
from graph.messages import FileError, LayerloomError, Message, msg
from runtime.importer.weights_mapping import Entry, in_natural_order

if TYPE_CHECKING:
    from torch import Tensor

SAFETENSORS, PICKLED = (".safetensors",), (".pt", ".pth", ".bin", ".ckpt")
SUFFIXES = SAFETENSORS + PICKLED
MAX_BYTES = 64 * 2**30  # of a file
MAX_GROWTH = 4  # times the size of the file that its tensors may take: more is no honest file
ROOM = 2**20  # bytes that are allowed whatever the size of the file
OLD_MAGIC = b"\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19."  # how files of PyTorch before 1.6 begin
MAX_NAMED = 8  # of what is passed over
MAX_DEPTH = 20  # of dictionaries in each other
# Where training programs keep weights among other things, the averaged ones last.
WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "weights", "params",
            "generator", "ema_state_dict", "model_ema", "params_ema", "ema")  # fmt: skip
# What else they keep, of tensors too, that is no weight.
OTHERS = ("optimizer", "optimizers", "optimizer_states", "optimizer_state_dict", "scheduler", "lr_scheduler", "lr_schedulers", "scaler",
          "rng_state", "random", "loops", "callbacks")  # fmt: skip


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """What a file of weights holds: tensors on the CPU by name, in the order to match them in; `notes` say what was passed over."""

    path: Path
    tensors: Mapping[str, Tensor]
    notes: tuple[Message, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        """Names, shapes and dtypes (as PyTorch calls them, without `torch.`)."""
        return [
            Entry(name, tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
            for name, tensor in self.tensors.items()
        ]


def read_weights(path: Path) -> WeightsFile:
    """The weights in a file.

    Raises:
        FileError: it is missing, too large, damaged, of another kind, or it holds code instead of weights.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise FileError(msg("'{file}' cannot be read: {reason}", file=path, reason=explain(error))) from error
    if path.suffix.lower() not in SUFFIXES:
        raise FileError(
            msg("'{file}' is no file of weights that can be read. Its name must end in one of: {suffixes}.",
                file=path, suffixes=", ".join(SUFFIXES))
        )  # fmt: skip
    if not size:
        raise FileError(msg("'{file}' is empty. Save or download it again.", file=path))
    if size > MAX_BYTES:
        raise FileError(
            msg("'{file}' is {size:.0f} GiB large; at most {most} are read.", file=path, size=size / 2**30, most=64)
        )
    try:
        if path.suffix.lower() in SAFETENSORS:
            return _read_safetensors(path)
        return _read_pickled(path, head, size)
    except LayerloomError:
        raise
    except MemoryError as error:
        raise FileError(
            msg(
                "'{file}' needs more memory than there is. Close other programs, or use a machine with more.", file=path
            )
        ) from error
    except (OSError, RuntimeError, UnpicklingError, EOFError, ValueError, KeyError, TypeError, AttributeError,
            AssertionError, IndexError, ImportError, RecursionError, OverflowError, zipfile.BadZipFile) as error:  # fmt: skip
        raise _damaged(path, error) from error


# ---- safetensors


def _read_safetensors(path: Path) -> WeightsFile:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except SafetensorError as error:
        raise _damaged(path, error) from error
    found = WeightsFile(path, _checked(tensors, path))
    return WeightsFile(path, {entry.name: found.tensors[entry.name] for entry in in_natural_order(found.entries)})


# ---- what torch.save writes


def _read_pickled(path: Path, head: bytes, size: int) -> WeightsFile:
    if head.startswith(b"version https://git"):
        raise FileError(
            msg("'{file}' only says where the weights are (Git LFS). Fetch the file itself: git lfs pull", file=path)
        )
    if head.lstrip()[:1] == b"<":
        raise FileError(msg("'{file}' is a web page, not weights. Download the file itself.", file=path))
    if head.startswith(b"PK"):
        _check_archive(path, size)
    elif not head.startswith(OLD_MAGIC):
        raise FileError(
            msg("'{file}' was not written by torch.save. Pickles of other programs can run anything, so it is not read. Save the "
                "weights with torch.save(model.state_dict(), …) or as .safetensors.", file=path)
        )  # fmt: skip
    import torch

    try:
        value = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise _refused(path, error) from error
    notes: list[Message] = []
    tensors = dict(_collected(_unwrapped(value, path, notes), notes))
    _check_size(tensors, path, size)
    return WeightsFile(path, _checked(tensors, path), tuple(notes))


def _check_archive(path: Path, size: int) -> None:
    """Refuse what is no archive of PyTorch, holds a program, or would unpack to much more than it is.

    Raises:
        FileError, zipfile.BadZipFile
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    names = [member.filename for member in members]
    if any("/code/" in name or name.endswith("constants.pkl") for name in names):
        raise FileError(
            msg("'{file}' is a TorchScript program, which is not run. Save its weights alone: "
                "torch.save(torch.jit.load('{name}').state_dict(), 'weights.pt')", file=path, name=path.name)
        )  # fmt: skip
    if not any(name.endswith("data.pkl") for name in names):
        raise FileError(
            msg(
                "'{file}' is an archive, but not one that torch.save wrote: it has no data.pkl. Unpack it first.",
                file=path,
            )
        )
    if sum(member.file_size for member in members) > MAX_GROWTH * size + ROOM:
        raise FileError(_too_large(path))


def _check_size(tensors: Mapping[str, Tensor], path: Path, size: int) -> None:
    """Refuse a small file whose tensors repeat a few numbers without end.

    Raises:
        FileError
    """
    unique = {tensor.data_ptr(): tensor.numel() * tensor.element_size() for tensor in tensors.values()}
    if sum(unique.values()) > MAX_GROWTH * size + ROOM:
        raise FileError(_too_large(path))


def _unwrapped(value: Any, path: Path, notes: list[Message]) -> Mapping[Any, Any]:
    """The weights among what else a training program keeps."""
    if not isinstance(value, Mapping):
        kind = type(value).__name__
        raise FileError(
            msg("'{file}' holds a {kind}, not weights by name. Save them with torch.save(model.state_dict(), …).",
                file=path, kind=kind)
        )  # fmt: skip
    for _ in range(MAX_DEPTH):
        name = next((n for n in WRAPPERS if isinstance(value.get(n), Mapping) and _has_tensor(value[n])), None)
        if name is None or _is_part_of_network(value) or _has_other_networks(value):
            return value
        notes.append(msg("The weights were taken from '{name}' in the file.", name=name))
        value = value[name]
    return value


def _is_part_of_network(value: Mapping[Any, Any]) -> bool:
    """Whether tensors by name lie there themselves, so that a dictionary beside them is no wrapper."""
    return any(_is_tensor(entry) and "." in str(key) for key, entry in value.items())


def _has_other_networks(value: Mapping[Any, Any]) -> bool:
    """Whether weights of other networks lie beside those under a usual name, as the `head` of a `net`: then all are taken."""
    return any(
        key not in WRAPPERS and _may_be_weights(str(key), entry) and _has_tensor(entry) for key, entry in value.items()
    )


def _may_be_weights(name: str, entry: object) -> bool:
    """Whether a dictionary is not what an optimizer keeps."""
    return isinstance(entry, Mapping) and name not in OTHERS and "param_groups" not in entry


def _has_tensor(value: object, depth: int = 0) -> bool:
    if _is_tensor(value):
        return True
    return isinstance(value, Mapping) and depth < MAX_DEPTH and any(_has_tensor(v, depth + 1) for v in value.values())


def _collected(value: Mapping[Any, Any], notes: list[Message]) -> Iterator[tuple[str, Tensor]]:
    """The tensors by name; those in dictionaries inside have the names of these before theirs."""
    passed = []
    waiting: list[tuple[str, Any, int]] = [(str(key), entry, 0) for key, entry in value.items()]
    while waiting:
        name, entry, depth = waiting.pop(0)
        if _is_tensor(entry):
            yield name, entry.detach()
        elif depth < MAX_DEPTH and _may_be_weights(name, entry):
            inside = [(f"{name}.{key}", value, depth + 1) for key, value in entry.items()]
            waiting[:0] = inside
        elif name != "_metadata":
            passed.append(name)
    if passed:
        names = ", ".join(passed[:MAX_NAMED]) + ("…" if passed[MAX_NAMED:] else "")
        notes.append(msg("Passed over, because it is no weights: {names}.", names=names))


def _is_tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _checked(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Plain tensors in memory.

    Raises:
        FileError: there are none, or some are of a kind that no layer has.
    """
    import torch

    if not tensors:
        raise FileError(
            msg("'{file}' holds no weights. Save those of a network: torch.save(model.state_dict(), …)", file=path)
        )
    for name, tensor in tensors.items():
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
            raise FileError(
                msg("'{name}' in '{file}' is a sparse, quantized or empty tensor. Make it an ordinary one before saving: "
                    "dense, float32.", name=name, file=path)
            )  # fmt: skip
    return dict(tensors)


# ---- what is said


def _damaged(path: Path, error: Exception) -> FileError:
    return FileError(
        msg("'{file}' is damaged, or no file of weights ({reason}). Save or download it again.",
            file=path, reason=type(error).__name__)
    )  # fmt: skip


def _too_large(path: Path) -> Message:
    return msg(
        "'{file}' would unpack to far more than it is, as no file of weights does. It is not read; download it again from where "
        "you trust.",
        file=path,
    )


def _refused(path: Path, error: Exception) -> FileError:
    """The sentence for a pickle that asks for more than weights."""
    text = str(error)
    found = re.search(r"(?:GLOBAL|Unsupported class) ([A-Za-z_][\w.]*)", text)
    if found is None:
        return _damaged(path, error)
    name = found.group(1)
    return FileError(
        msg("'{file}' holds more than weights: it would run '{name}' when it is read, so it is not read. Where you trust its maker, "
            "save the weights alone: torch.save(model.state_dict(), 'weights.pt')", file=path, name=name)
    )  # fmt: skip
