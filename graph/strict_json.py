"""JSON as drawings are written in it: read without trust and with limits, written in one canonical form."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from graph.messages import FileError, Message, msg

MAX_BYTES = 20_000_000
MAX_VALUES = 1_000_000  # commas and brackets: bounds the memory that reading can take
MAX_DEPTH = 32
MAX_STRING = 10_000  # bytes of UTF-8
MAX_INT = 2**63 - 1

# A place in a document: the place of the object or list around it, and the key or index in there.
Place = tuple[Any, str | int] | None


class _Repeated(dict[str, Any]):
    """An object in which a key stood twice; `check` refuses it, with its place."""

    key = ""


def parse(text: str) -> dict[str, Any]:
    """The JSON object that the text holds.

    Raises:
        FileError: the text is not a JSON object, repeats a key, or passes a limit; the message says where.
    """
    if not text.strip():
        raise FileError(msg("It is empty. If a backup is beside it, its name ending with ~, open that."))
    if len(text) > MAX_BYTES:
        raise too_large()
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise FileError(msg("It holds more than {limit} values, which no drawing needs.", limit=MAX_VALUES))
    record = _decode(text)
    if not isinstance(record, dict):
        raise FileError(msg("It is JSON, but no drawing: it does not start with a brace. Choose a .layerloom file."))
    _check(record, None, 1)
    return record


def dump(record: Mapping[str, Any], *, first: Iterable[str] = (), last: Iterable[str] = ()) -> str:
    """The canonical text of a record: one value a line, keys sorted except those that come `first` and `last`.

    A list of plain values counts as one value.

    Raises:
        FileError: a number is not finite.
    """
    first, last = list(first), list(last)
    middle = sorted(record.keys() - {*first, *last})
    ordered = {key: record[key] for key in (*first, *middle, *last) if key in record}
    try:
        return _write_lines("{", [_field(key, value, "  ") for key, value in ordered.items()], "}", "") + "\n"
    except ValueError as error:
        raise FileError(msg("A number in the drawing is not finite. Look for 'nan' or 'inf' and change it.")) from error


def show(place: Place) -> str:
    """A place as people read it: `nodes[3].params.stride`."""
    if place is None:
        return ""
    around, key = show(place[0]), place[1]
    return f"{around}[{key}]" if isinstance(key, int) else f"{around}.{key[:40]}".lstrip(".")


def refuse(place: str, reason: Message) -> FileError:
    """The refusal of a value, with its place as `show` gives it."""
    return FileError(msg("At {place}: {reason}", place=place or msg("the outermost level"), reason=reason))


def fault_of(text: str) -> Message | None:
    """Why no file can hold a text; None if one can."""
    if len(text) * 4 <= MAX_STRING and text.isascii():
        return None
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return msg("the text holds half a character. Type it again.")
    return msg("the text is longer than {limit} bytes. Shorten it.", limit=MAX_STRING) if size > MAX_STRING else None


def too_large() -> FileError:
    """The refusal of a text that is longer than `MAX_BYTES`."""
    return FileError(msg("It is larger than {limit} MB, which no drawing needs.", limit=MAX_BYTES // 1_000_000))


def _decode(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise FileError(
            msg(
                "It is not valid JSON at line {line}, column {column}. Mend that place in a text editor, "
                "or open the backup whose name ends with ~.",
                line=error.lineno,
                column=error.colno,
            )
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # an integer of thousands of digits
        raise FileError(msg("It holds a number with too many digits. Shorten it in a text editor.")) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    keys = [key for key, _ in pairs]
    repeated = _Repeated(found)
    repeated.key = next(key for key in keys if keys.count(key) > 1)
    return repeated


def _check(value: dict[str, Any] | list[Any], place: Place, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, dict):
        for key in value:
            _check_text(key, place)
    if isinstance(value, _Repeated):
        raise refuse(show(place), msg("the key '{key}' stands there twice. Delete one of the two.", key=value.key[:40]))
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, (dict, list)):
            _check(item, (place, key), depth + 1)
        elif isinstance(item, str):
            _check_text(item, (place, key))
        elif isinstance(item, (int, float)) and not _is_finite(item):
            raise refuse(show((place, key)), msg("the number is not finite or too large. Give another one."))


def _is_finite(number: float) -> bool:
    return math.isfinite(number) if isinstance(number, float) else abs(number) <= MAX_INT


def _check_text(text: str, place: Place) -> None:
    if (fault := fault_of(text)) is not None:
        raise refuse(show(place), fault)


def _too_deep() -> FileError:
    return FileError(msg("It nests more than {limit} levels deep, which no drawing needs.", limit=MAX_DEPTH))


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _write(value: Any, indent: str) -> str:
    if isinstance(value, Mapping):
        return _write_lines("{", [_field(key, value[key], indent + "  ") for key in sorted(value)], "}", indent)
    if isinstance(value, (list, tuple)) and any(isinstance(item, (Mapping, list, tuple)) for item in value):
        return _write_lines("[", [_write(item, indent + "  ") for item in value], "]", indent)
    return _encode(value)


def _field(key: str, value: Any, indent: str) -> str:
    return f"{_encode(key)}: {_write(value, indent)}"


def _write_lines(start: str, lines: list[str], end: str, indent: str) -> str:
    if not lines:
        return start + end
    return f"{start}\n{indent}  " + f",\n{indent}  ".join(lines) + f"\n{indent}{end}"
