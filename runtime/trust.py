"""Which Python of custom nodes the person allowed to run: by the hash of the exact text, kept outside every document."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from graph.atomic import explain, write_atomically
from graph.code import digest
from graph.messages import FileError, msg

FILE = "allowed_code.json"
PLACE = "LAYERLOOM_ALLOWED_CODE"  # a variable of the environment that names another file
_DIGEST = re.compile(r"[0-9a-f]{64}")


def store_path() -> Path:
    """The file with the hashes, in the folder for settings by the custom of the operating system; or that of an exported job."""
    if named := os.environ.get(PLACE):
        return Path(named)
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "Layerloom" / FILE
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Layerloom" / FILE
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "Layerloom" / FILE


def is_allowed(text: str) -> bool:
    """Whether the person allowed exactly this text. Where the file cannot be read, nothing is allowed."""
    return digest(text) in allowed()


def allow(text: str) -> None:
    """Allow exactly this text from now on; any change to it asks again.

    Raises:
        FileError: that could not be written down.
    """
    _store(allowed() | {digest(text)})


def forget(text: str) -> None:
    """Allow this text no longer.

    Raises:
        FileError: that could not be written down.
    """
    if is_allowed(text):
        _store(allowed() - {digest(text)})


def allowed() -> frozenset[str]:
    """The hashes of every text that is allowed (see `graph.code.digest`)."""
    try:
        found = json.loads(store_path().read_bytes())["allowed"]
        return frozenset(entry for entry in found if _DIGEST.fullmatch(entry))
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return frozenset()


def _store(hashes: frozenset[str]) -> None:
    path = store_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(msg("'{file}' could not be saved: {reason}", file=str(path), reason=explain(error))) from error
    write_atomically(path, f"{json.dumps({'allowed': sorted(hashes)}, indent=2)}\n".encode())
