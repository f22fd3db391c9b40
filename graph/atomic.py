"""Writing a file so that a crash, a full disk or a pulled plug leaves either the old file or the new one."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graph.messages import FileError, Message, msg

BACKUP_SUFFIX = "~"

_REASONS = {
    errno.ENOENT: msg("There is no such file or folder. Check the name and the folder."),
    errno.ENOTDIR: msg("There is no such file or folder. Check the name and the folder."),
    errno.EISDIR: msg("It is a folder. Choose a file."),
    errno.ENXIO: msg("It is a device or a pipe. Choose a file."),
    errno.EACCES: msg("You have no permission. Choose another place, or ask its owner."),
    errno.EPERM: msg("You have no permission. Choose another place, or ask its owner."),
    errno.EROFS: msg("The disk is read-only. Choose another place."),
    errno.ENOSPC: msg("The disk is full. Free some space, or choose another place."),
    errno.EDQUOT: msg("Your disk quota is used up. Free some space, or choose another place."),
    errno.ENAMETOOLONG: msg("The name is too long. Choose a shorter one."),
}


def explain(error: OSError) -> Message:
    """Why the operating system refused, and what to do, in a sentence."""
    reason = _REASONS.get(error.errno or 0)
    return reason or msg("{error}. Try again, or choose another place.", error=error.strerror or type(error).__name__)


def check_regular(mode: int) -> None:
    """Refuse what is no ordinary file: reading a pipe could block, and a device has no end.

    Raises:
        OSError: `mode` is that of a folder, a device or a pipe.
    """
    if not stat.S_ISREG(mode):
        code = errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO
        raise OSError(code, os.strerror(code))


def backup_path(path: Path) -> Path:
    """Where the previous state of a file is kept."""
    return path.with_name(path.name + BACKUP_SUFFIX)


def write_atomically(path: Path, data: bytes, *, keep_backup: bool = False) -> None:
    """Replace what the file holds, following symbolic links; at every moment either the old or the new is there, whole.

    With `keep_backup` the previous state stays in `backup_path(path)`.

    Raises:
        FileError: it could not be written; the cause is the OSError. Nothing but whole files is left behind.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = _mode(target)
        before = target.read_bytes() if keep_backup and mode is not None else data
        with _temporary(target, data, mode) as temporary:
            if before != data:
                write_atomically(backup_path(target), before)
            os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise FileError(msg("'{file}' could not be saved: {reason}", file=str(path), reason=explain(error))) from error


@contextmanager
def _temporary(target: Path, data: bytes, mode: int | None) -> Iterator[Path]:
    """A new file beside the target with this content, on disk for sure; gone again unless it was renamed."""
    path = target.with_name(f".layerloom-{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if mode is not None:
            with suppress(OSError):  # some file systems have no modes
                os.chmod(path, mode)
        yield path
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def _mode(target: Path) -> int | None:
    """The mode of the file that is to be replaced, or None if there is none.

    Raises:
        OSError: it is no regular file, or write-protected: replacing it would go around that.
    """
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    check_regular(mode)
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(mode)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself last; Windows can not, and need not, open folders for that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
