"""Folders of the application that belong to no document."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAME = "Layerloom"


def state_folder() -> Path:
    """Where runs of examples and reports of errors are kept, by the custom of the operating system."""
    return _folder("LOCALAPPDATA", "Local", "XDG_STATE_HOME", "state")


def data_folder() -> Path:
    """Where what the person made for all documents is kept, by the custom of the operating system."""
    return _folder("APPDATA", "Roaming", "XDG_DATA_HOME", "share")


def cache_folder() -> Path:
    """Where what can be made again is kept, by the custom of the operating system."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / NAME
    if sys.platform == "win32":
        return state_folder() / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / NAME


def _folder(windows: str, roaming: str, xdg: str, local: str) -> Path:
    """The folder that a variable of the environment names, or the one that stands for it in the home folder."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get(windows) or home / "AppData" / roaming) / NAME
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / NAME
    return Path(os.environ.get(xdg) or home / ".local" / local) / NAME
