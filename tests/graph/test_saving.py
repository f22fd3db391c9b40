"""Saving never loses a document: not to a kill, not to a full disk, not to whatever system call fails."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from drawings import lenet5, mlp
from graph import atomic, files
from graph.atomic import backup_path, write_atomically
from graph.messages import FileError
from graph.model import Graph, Node, Project

OLD, NEW = b"old " * 1000, b"new " * 2000
FAILURES = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EACCES)
ROOT = Path(__file__).parents[2]


class FailingOs:
    """The os module, except that writes are short and the `nth` call that touches the disk fails with `code`."""

    TOUCHING = ("stat", "open", "write", "fsync", "close", "chmod", "replace")

    def __init__(self, nth: int, code: int) -> None:
        self.calls = 0
        self._nth, self._code = nth, code

    def __getattr__(self, name: str):
        real = getattr(os, name)
        return self._failing(name, real) if name in self.TOUCHING else real

    def _failing(self, name: str, real):
        def call(*arguments):
            self.calls += 1
            if name == "write":
                descriptor, data = arguments
                arguments = (descriptor, data[: len(data) // 2 + 1])
            if self.calls == self._nth:
                if name == "close":
                    real(*arguments)
                raise OSError(self._code, os.strerror(self._code))
            return real(*arguments)

        return call


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(".layerloom"))


@pytest.mark.parametrize("code", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("keep_backup", [False, True])
def test_whatever_call_fails_old_or_new_is_there_and_an_error_is_told(tmp_path, monkeypatch, code, keep_backup):
    path = tmp_path / "drawing.layerloom"
    told = 0
    for nth in count(1):
        path.write_bytes(OLD)
        backup_path(path).unlink(missing_ok=True)
        failing = FailingOs(nth, code)
        monkeypatch.setattr(atomic, "os", failing)
        try:
            write_atomically(path, NEW, keep_backup=keep_backup)
        except FileError as error:
            told += 1
            assert error.__cause__.errno == code
            assert re.match(r"'.*drawing.layerloom~?' could not be saved: \w.*\.$", str(error))
        else:
            assert path.read_bytes() == NEW
        assert path.read_bytes() in (OLD, NEW)
        assert not backup_path(path).exists() or backup_path(path).read_bytes() == OLD
        assert leftovers(tmp_path) == []
        if failing.calls < nth:
            break
    assert told == nth - 2  # of all calls only the one that sets the mode may fail silently


def test_a_new_file_that_cannot_be_written_is_not_there_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "os", FailingOs(3, errno.ENOSPC))
    with pytest.raises(FileError, match="The disk is full"):
        write_atomically(tmp_path / "a", NEW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_is_not_replaced(tmp_path):
    link = tmp_path / "full.layerloom"
    link.symlink_to("/dev/full")
    with pytest.raises(FileError, match="It is a device or a pipe"):
        files.save(Project(), link)
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_folder_or_a_missing_folder(tmp_path):
    with pytest.raises(FileError, match="It is a folder"):
        files.save(Project(), tmp_path)
    with pytest.raises(FileError, match="no such file or folder"):
        files.save(Project(), tmp_path / "nowhere" / "a.layerloom")


def test_a_write_protected_file_stays(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(OLD)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FileError, match="no permission"):
        write_atomically(path, NEW)
    assert path.read_bytes() == OLD


def test_the_previous_state_is_kept(tmp_path):
    path = tmp_path / "drawing.layerloom"
    one, two = lenet5().project, mlp().project
    files.save(one, path)
    assert not backup_path(path).exists()
    files.save(two, path)
    assert files.load(path) == two and files.load(backup_path(path)) == one
    files.save(two, path)
    assert files.load(backup_path(path)) == one  # saving twice does not lose it


def test_links_are_followed_and_modes_kept(tmp_path):
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "a.layerloom", tmp_path / "link.layerloom"
    files.save(lenet5().project, real)
    real.chmod(0o640)
    link.symlink_to(real)
    files.save(mlp().project, link)
    assert link.is_symlink() and files.load(real) == mlp().project
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert backup_path(real).exists() and not backup_path(link).exists()


def test_a_new_file_has_the_mode_that_any_program_gives(tmp_path):
    (tmp_path / "plain").touch()
    write_atomically(tmp_path / "ours", NEW)
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"lr": float("nan")}, "not finite"),
        ({"note": "x" * 20_000}, "longer than 10000 bytes"),
        ({"size": 2**80}, "too large"),
        ({"note": "\ud800"}, "half a character"),
    ],
)
def test_what_could_not_be_opened_again_is_not_saved(tmp_path, params, words):
    path = tmp_path / "a.layerloom"
    files.save(Project(), path)
    bad = Project(Graph().add(Node("n1", "torch.nn.Linear", "fc1", params)))
    with pytest.raises(FileError, match=words) as refusal:
        files.save(bad, path)
    assert str(refusal.value).startswith(f"'{path}' was not saved, because it could not be opened again: ")
    assert files.load(path) == Project()


def kill(folder: Path, times: int) -> None:
    script = Path(__file__).with_name("kill_while_saving.py")
    command = [sys.executable, str(script), str(folder), str(times)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.stderr == ""
    assert re.fullmatch(rf"{times} kills, \d+ in the middle of a save\n", done.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_kills_while_saving_lose_nothing(tmp_path):
    kill(tmp_path, 40)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_many_kills_while_saving_lose_nothing(tmp_path):
    kill(tmp_path, 200)
