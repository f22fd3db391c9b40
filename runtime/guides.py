"""The page that belongs to an example: what it is, its formulas and their sources, what to look at, what to try, what it reaches.

A page is a Markdown file a language in `resources/guides`. Its heading is the title of the example, its first paragraph the
sentence about it; claims such as `accuracy ≥ 0.95` in the section about what it reaches are tested.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from graph.messages import language
from graph.model import Project

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "guides"
FIRST = "en"  # the language that every page is written in
KEY = "guide"  # under which a drawing names its page, among the fields of its file that nothing else reads
_CLAIM = re.compile(r"`(\w+) ([≥≤]) ([\d.]+)`")
_WIDE = r"\u3000-\u9fff\uff00-\uffef"  # Chinese signs, which have no spaces between them
_BROKEN = re.compile(rf"(?<=[{_WIDE}])\n *(?=[{_WIDE}])|(?<=[\u3000-\u303f\uff00-\uff1f])\n *(?=[`\[(A-Za-z])")
_NAME = re.compile(r"[a-z0-9_]{1,60}")


class Claim(NamedTuple):
    """A figure of the test part, and what it reaches: at least (`is_least`) or at most."""

    figure: str
    is_least: bool
    value: float

    def holds(self, value: float) -> bool:
        """Whether a figure is as good as that."""
        return value >= self.value if self.is_least else value <= self.value


class Guide(NamedTuple):
    """A page: its title, the sentence below it, and what follows both, as Markdown."""

    title: str
    sentence: str
    text: str

    @property
    def body(self) -> str:
        """The page without its title, which stands above it already."""
        return f"{self.sentence}\n\n{self.text}"

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it says that the example reaches."""
        return tuple(Claim(name, sign == "≥", float(value)) for name, sign, value in _CLAIM.findall(self.text))


def names() -> tuple[str, ...]:
    """The names of all pages."""
    return tuple(sorted(path.stem for path in (FOLDER / FIRST).glob("*.md")))


def guide(name: str) -> Guide | None:
    """A page in the language in use, in English where there is no other; None where there is no such page."""
    return _read(name, language()) or _read(name, FIRST)


def guide_of(project: Project) -> Guide | None:
    """The page that a drawing names."""
    name = project.extra.get(KEY)
    return guide(name) if isinstance(name, str) else None


def without_guide(project: Project) -> Project:
    """The drawing without the name of its page."""
    return replace(project, extra={name: value for name, value in project.extra.items() if name != KEY})


@lru_cache(maxsize=128)
def _read(name: str, code: str) -> Guide | None:
    if not _NAME.fullmatch(name):  # a drawing comes from anywhere: it names a page, and no other file
        return None
    try:
        text = (FOLDER / code / f"{name}.md").read_text("utf-8")
    except OSError:
        return None
    heading, sentence, rest = text.split("\n\n", 2)
    return Guide(heading.removeprefix("# ").strip(), " ".join(sentence.split()), _BROKEN.sub("", rest).strip())
