"""Files of weights that are broken, of another kind, or hostile: a sentence each, and nothing in them runs."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from graph.messages import FileError
from runtime.importer.weights_reading import read_weights


class Evil:
    """Runs a command when it is unpickled, if it may."""

    def __reduce__(self):
        return os.system, ("touch ran",)


def saved(value: object, *, old: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not old)
    return buffer.getvalue()


def archive(content: bytes, name: str = "a/data.pkl") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, content)
    return buffer.getvalue()


WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}
FILES = {
    "empty.pt": (b"", "is empty"),
    "text.pt": (b"hello, world", "was not written by torch.save"),
    "page.pth": (b"  <!DOCTYPE html><html>", "is a web page"),
    "pointer.bin": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "Git LFS"),
    "cut.pt": (saved(WEIGHTS)[:-300], "is damaged"),
    "cut_old.pt": (saved(WEIGHTS, old=True)[:-10], "is damaged"),
    "pickle.pt": (pickle.dumps(Evil()), "was not written by torch.save"),
    "evil.pt": (saved({"state_dict": WEIGHTS, "more": Evil()}), "it would run '.*system'"),
    "evil_old.pt": (saved({"state_dict": WEIGHTS, "more": Evil()}, old=True), "it would run '.*system'"),
    "module.pt": (saved(nn.Linear(2, 2)), "it would run 'torch.nn.modules.linear.Linear'"),
    "script.pt": (archive(b"def forward(): ...", "a/code/__torch__.py"), "is a TorchScript program"),
    "list.pt": (saved([torch.ones(2)]), "holds a list, not weights by name"),
    "tensor.pt": (saved(torch.ones(2)), "holds a Tensor"),
    "nothing.pt": (saved({"epoch": 3}), "holds no weights"),
    "zip.pt": (archive(b"x", "notes.txt"), "not one that torch.save wrote"),
    "bomb.pt": (archive(b"\0" * 20_000_000), "would unpack to far more"),
    "endless.pt": (saved({"w": torch.ones(1).expand(50_000_000)}), "would unpack to far more"),
    "head.safetensors": (b"\xff" * 8 + b"{}", "is damaged"),
    "short.safetensors": (b"\x40\0\0\0\0\0\0\0{}", "is damaged"),
    "other.safetensors": (saved(WEIGHTS), "is damaged"),
    "weights.h5": (b"\x89HDF", "is no file of weights that can be read"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_sentence_says_what_is_wrong(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, sentence = FILES[name]
    Path(name).write_bytes(content)
    with pytest.raises(FileError, match=sentence):
        read_weights(Path(name))
    assert not Path("ran").exists()


def test_the_hostile_file_would_run_if_it_were_read_otherwise(tmp_path, monkeypatch):
    """So that the tests above prove something."""
    monkeypatch.chdir(tmp_path)
    torch.load(io.BytesIO(FILES["evil.pt"][0]), weights_only=False)
    assert Path("ran").exists()


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        read_weights(tmp_path / "none.pt")


def test_the_command_line_says_it_in_a_line(run, project_folder):
    from drawings import lenet5
    from graph import files

    files.save(lenet5().project, Path("net.layerloom"))
    Path("evil.pt").write_bytes(FILES["evil.pt"][0])
    status, out, err = run("import", "weights", "net.layerloom", "evil.pt")
    assert (
        status == 1 and not out and err.startswith("error: 'evil.pt' holds more than weights") and err.count("\n") == 1
    )
    assert not Path("ran").exists() and not Path("net.runs").exists()


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (WEIGHTS, ["a.weight", "a.bias"]),
        ({"state_dict": WEIGHTS, "epoch": 3, "optimizer": {"state": {0: torch.ones(2)}}}, ["a.weight", "a.bias"]),
        ({"model": {"state_dict": WEIGHTS}}, ["a.weight", "a.bias"]),
        ({"encoder": WEIGHTS, "optimizer": {"s": torch.ones(1)}}, ["encoder.a.weight", "encoder.a.bias"]),
        ({"model": nn.Parameter(torch.ones(2)), "b.weight": torch.ones(1)}, ["model", "b.weight"]),
        ({"net": WEIGHTS, "head": {"weight": torch.ones(2)}}, ["net.a.weight", "net.a.bias", "head.weight"]),
        ({"net": WEIGHTS, "opt": {"state": {0: {"s": torch.ones(1)}}, "param_groups": []}}, ["a.weight", "a.bias"]),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_weights_are_found_in_what_programs_save(value, names, old, tmp_path):
    (tmp_path / "w.ckpt").write_bytes(saved(value, old=old))
    file = read_weights(tmp_path / "w.ckpt")
    assert list(file.tensors) == names and not any(tensor.requires_grad for tensor in file.tensors.values())
