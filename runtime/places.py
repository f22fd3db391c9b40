"""Folders of the application that belong to no document."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def state_folder() -> Path:
    """Where runs of examples and reports of errors are kept, by the custom of the operating system."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Layerloom"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Layerloom"
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "Layerloom"
