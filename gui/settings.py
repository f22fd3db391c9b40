"""What the application remembers between two starts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

MAX_RECENT = 10
MAX_COMMANDS = 8


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
    def text_size(self) -> int:
        """The size of text in percent."""
        stored = self._text("text_size", "")
        return int(stored) if stored.isdecimal() and stored.isascii() else 100

    @text_size.setter
    def text_size(self, percent: int) -> None:
        self._store.setValue("text_size", str(percent))

    @property
    def motion(self) -> str:
        """Whether motion is reduced: "yes", "no", or as the system says ("system")."""
        return self._text("motion", "system")

    @motion.setter
    def motion(self, wish: str) -> None:
        self._store.setValue("motion", wish)

    @property
    def hints(self) -> bool:
        """Whether first steps are to be shown."""
        return self._text("hints", "yes") == "yes"

    @hints.setter
    def hints(self, wanted: bool) -> None:
        self._store.setValue("hints", "yes" if wanted else "no")

    @property
    def own_process(self) -> bool:
        """Whether runs get a process of their own, beside that of the window."""
        return self._text("own_process", "no") == "yes"

    @own_process.setter
    def own_process(self, wanted: bool) -> None:
        self._store.setValue("own_process", "yes" if wanted else "no")

    @property
    def processes(self) -> int:
        """How many processes train together."""
        stored = self._text("processes", "")
        return min(256, max(1, int(stored))) if stored.isdecimal() and stored.isascii() else 1

    @processes.setter
    def processes(self, count: int) -> None:
        self._store.setValue("processes", str(count))

    @property
    def shard(self) -> bool:
        """Whether processes that train together divide the weights among them."""
        return self._text("shard", "no") == "yes"

    @shard.setter
    def shard(self, wanted: bool) -> None:
        self._store.setValue("shard", "yes" if wanted else "no")

    @property
    def tensorboard(self) -> bool:
        """Whether runs write event files of TensorBoard beside their own."""
        return self._text("tensorboard", "no") == "yes"

    @tensorboard.setter
    def tensorboard(self, wanted: bool) -> None:
        self._store.setValue("tensorboard", "yes" if wanted else "no")

    @property
    def hidden_panels(self) -> list[str]:
        """The parts of the window that the person put away."""
        return [name for name in self._text("hidden_panels", "").split(",") if name]

    @hidden_panels.setter
    def hidden_panels(self, names: Iterable[str]) -> None:
        self._store.setValue("hidden_panels", ",".join(names))

    def choices(self, name: str) -> dict[str, str]:
        """What was chosen in a dialog last time."""
        try:
            stored = json.loads(self._text(f"choices/{name}", "{}"))
        except ValueError:
            return {}
        return {k: v for k, v in stored.items() if isinstance(v, str)} if isinstance(stored, dict) else {}

    def set_choices(self, name: str, chosen: Mapping[str, str]) -> None:
        """Remember what was chosen in a dialog."""
        self._store.setValue(f"choices/{name}", json.dumps(dict(chosen)))

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

    @property
    def shortcuts(self) -> Mapping[str, tuple[str, ...]]:
        """The keys that the person chose, by action."""
        try:
            stored = json.loads(self._text("shortcuts", "{}"))
        except ValueError:
            return {}
        entries = stored.items() if isinstance(stored, dict) else ()
        return {
            name: tuple(key for key in keys if isinstance(key, str)) for name, keys in entries if isinstance(keys, list)
        }

    @shortcuts.setter
    def shortcuts(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        self._store.setValue("shortcuts", json.dumps(keys))

    @property
    def commands(self) -> list[str]:
        """What was chosen in the command palette lately, the newest first."""
        return [name for name in self._text("commands", "").split("\n") if name]

    def add_command(self, name: str) -> None:
        """Put a command at the head of the list."""
        others = [other for other in self.commands if other != name]
        self._store.setValue("commands", "\n".join([name, *others][:MAX_COMMANDS]))

    def layout(self, name: str) -> QByteArray:
        """The stored geometry or splitter state of that name; empty if there is none."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_layout(self, name: str, state: QByteArray) -> None:
        """Store a geometry or splitter state."""
        self._store.setValue(f"layout/{name}", state)

    def forget_layouts(self) -> None:
        """Forget every geometry and splitter state."""
        self._store.remove("layout")

    def _text(self, key: str, default: str) -> str:
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default
