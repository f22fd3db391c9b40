"""The questions of one panel to the network: none of their answers comes after the panel is gone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from graph.messages import Message

if TYPE_CHECKING:
    from gui.asker import Asker, Question

_numbers = count()


class Questions:
    """Asks under keys of its own; the newest question with a key takes the place of the one before."""

    def __init__(self, asker: Asker, owner: QObject) -> None:
        self._asker = asker
        self._prefix = f"try.{next(_numbers)}"
        self._keys: set[str] = set()
        owner.destroyed.connect(partial(_drop, asker, self._prefix, self._keys))

    def ask(
        self, key: str, question: Question[Any], then: Callable[[Any], None], failed: Callable[[Message], None]
    ) -> None:
        """Ask the network something; `then` gets the answer, or `failed` a sentence why there is none."""
        self._keys.add(key)
        self._asker.ask(question, then, key=f"{self._prefix}.{key}", failed=failed)

    def drop(self, *keys: str) -> None:
        """Nobody waits for these answers any more; for none, if no key is given."""
        _drop(self._asker, self._prefix, set(keys) or self._keys)


def _drop(asker: Asker, prefix: str, keys: set[str], *_: object) -> None:
    for key in keys:
        asker.drop(f"{prefix}.{key}")
