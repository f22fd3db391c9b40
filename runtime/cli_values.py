"""The values that options of the command line take, as `argparse` reads them."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graph.catalog.optimizers import ChoiceType
from graph.messages import Message, msg, tr
from graph.plan import WHOLE

PICTURES = (".svg", ".png", ".pdf")
TABLES = (".json", ".md")


def number(kind: type, fits: Callable[[Any], bool], wanted: Message) -> Callable[[str], Any]:
    """A reader of numbers that fit; `wanted` names them."""

    def parse_number(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not fits(value):
            raise argparse.ArgumentTypeError(tr("'{value}' is not {wanted}.", value=text, wanted=wanted))
        return value

    return parse_number


MAX_SEED = 2**63 - 1

_SEEDS = msg("{number}, at most {most}", number=msg("a whole number from 0"), most=MAX_SEED)
count = number(int, lambda n: 1 <= n <= 10**9, msg("a whole number from 1"))
processes = number(int, lambda n: 1 <= n <= 256, msg("a whole number from 1 to 256"))
seed = number(int, lambda n: 0 <= n <= MAX_SEED, _SEEDS)
rate = number(float, lambda x: 0 < x < math.inf, msg("a number above 0"))
share = number(float, lambda x: 0 <= x < 1, msg("a number from 0 to below 1"))
part = number(float, lambda x: 0 < x <= 1, msg("a number above 0, at most 1"))
heat = number(float, lambda x: 0 <= x <= 100, msg("a number from 0 to 100"))
power = number(float, lambda x: 0 <= x <= 10, msg("a number from 0 to 10"))
size = number(float, lambda x: 0.1 <= x <= 100, msg("a number from 0.1 to 100"))


def names(text: str) -> list[str]:
    """Names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def pair(text: str) -> tuple[str, str]:
    """Two names with = between them."""
    old, sign, new = (part.strip() for part in text.partition("="))
    if not (old and sign and new):
        raise argparse.ArgumentTypeError(tr("'{value}' is not OLD=NEW.", value=text))
    return old, new


SCALAR = "scalar"  # in the place of sizes


def shape(text: str) -> tuple[int, ...]:
    """Sizes between commas: 3,32,32; none of a sample that is one number."""
    if text.strip() == SCALAR:
        return ()
    if not re.fullmatch(r"[1-9][0-9]{0,5}( *, *[1-9][0-9]{0,5}){0,6}", text.strip()):
        raise argparse.ArgumentTypeError(
            tr(
                "'{value}' are no sizes. Write such as 3,32,32, without the batch, or {scalar} where a sample is one number.",
                value=text,
                scalar=SCALAR,
            )
        )
    return tuple(int(part) for part in text.split(","))


def kind_of_input(text: str) -> tuple[str, int]:
    """A kind of numbers, and of whole ones how many: int64:100 are 0 to 99."""
    name, _, number = text.partition(":")
    if name == "int64" and re.fullmatch(r"[1-9][0-9]{0,8}", number):
        return name, int(number)
    if name in ("float32", "bool") and not number:
        return name, 2
    raise argparse.ArgumentTypeError(
        tr("'{value}' is no kind of numbers. Write float32, bool or int64:COUNT.", value=text)
    )


def hash_of_code(text: str) -> str:
    """A SHA-256, or how it begins."""
    if not re.fullmatch(r"[0-9a-f]{12,64}", text.lower()):
        raise argparse.ArgumentTypeError(tr("'{hash}' is not a hash: at least its first 12 figures.", hash=text))
    return text.lower()


def picture(text: str) -> Path:
    """The path of a picture file."""
    return _file(text, PICTURES)


def table_file(text: str) -> Path:
    """The path of a table for programs or for people."""
    return _file(text, TABLES)


def _file(text: str, suffixes: Sequence[str]) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(
            tr("'{file}' does not end in one of: {suffixes}.", file=text, suffixes=", ".join(suffixes))
        )
    return path


def count_or_all(text: str) -> int:
    """A count, or `WHOLE` for the word all."""
    return WHOLE if text == "all" else count(text)


def entry(catalog: Mapping[str, ChoiceType]) -> Callable[[str], str]:
    """The id of an entry by the name of its class."""

    def parse_entry(text: str) -> str:
        found = next((i for i in catalog if i.rpartition(".")[2].lower() == text.lower()), None)
        if found is None:
            names = ", ".join(i.rpartition(".")[2] for i in catalog)
            raise argparse.ArgumentTypeError(tr("'{value}' is none of: {names}.", value=text, names=names))
        return found

    return parse_entry
