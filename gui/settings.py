"""What the application remembers between two starts."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

MAX_RECENT = 10


class Settings:
    """Typed access to the stored settings. A damaged entry reads as its default."""

    def __init__(self) -> None:
        self._store = QSettings("Layerloom", "Layerloom")

    @property
    def theme(self) -> str:
        """ "dark", "light" or "system"."""
        return self._text("theme", "system")

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("theme", name)

    @property
    def language(self) -> str:
        """The chosen language code, or "" for that of the system."""
        return self._text("language", "")

    @language.setter
    def language(self, code: str) -> None:
        self._store.setValue("language", code)

    @property
    def recent(self) -> list[Path]:
        """Files opened or saved lately, the newest first."""
        stored = self._store.value("recent", [])
        entries = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
        return [Path(entry) for entry in entries if isinstance(entry, str) and entry]

    def add_recent(self, path: Path) -> None:
        """Put a file at the head of the list."""
        others = [p for p in self.recent if p != path]
        self._store.setValue("recent", [str(p) for p in [path, *others][:MAX_RECENT]])

    def forget_recent(self, path: Path) -> None:
        """Take a file out of the list."""
        self._store.setValue("recent", [str(p) for p in self.recent if p != path])

    def layout(self, name: str) -> QByteArray:
        """The stored geometry or splitter state of that name; empty if there is none."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_layout(self, name: str, state: QByteArray) -> None:
        """Store a geometry or splitter state."""
        self._store.setValue(f"layout/{name}", state)

    def _text(self, key: str, default: str) -> str:
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default
