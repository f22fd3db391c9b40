"""The size and channels of a picture from the first bytes of its file, without a decoder: the usual PNG and JPEG.

PNG: W3C, Portable Network Graphics, 11.2.2 (IHDR). JPEG: ITU-T T.81, B.2.2 (frame header).
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"

_GRAY = 0  # color type of PNG
_ODD_CHUNKS = (b"tRNS", b"eXIf", b"iTXt", b"zTXt")  # transparency, and what may turn the picture
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended and progressive
_PLAIN = frozenset({0xC4, 0xDB, 0xDD, 0xFE, 0xE0, *range(0xE2, 0xF0)})  # segments before the frame that turn nothing


class Header(NamedTuple):
    """Channels, height and width of a picture as it is decoded."""

    channels: int
    height: int
    width: int


def peek(head: bytes) -> Header | None:
    """What the first bytes of a file say, as a decoder would; None where it takes one to know."""
    if head.startswith(PNG):
        return _peek_png(head)
    return _peek_jpeg(head) if head.startswith(JPEG) else None


def _peek_png(head: bytes) -> Header | None:
    if len(head) < 33 or any(chunk in head for chunk in _ODD_CHUNKS):
        return None
    kind, width, height, _, color = struct.unpack_from(">4sIIBB", head, 12)
    (checksum,) = struct.unpack_from(">I", head, 29)
    if kind != b"IHDR" or zlib.crc32(head[12:29]) != checksum or not width or not height:
        return None
    return Header(1 if color == _GRAY else 3, height, width)


def _peek_jpeg(head: bytes) -> Header | None:
    place = 2
    while place + 10 <= len(head) and head[place] == 0xFF:
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        if marker in _FRAMES:
            precision, height, width, components = struct.unpack_from(">BHHB", head, place + 4)
            is_usual = precision == 8 and height and width and components in (1, 3, 4)
            return Header(1 if components == 1 else 3, height, width) if is_usual else None
        if marker not in _PLAIN:
            return None
        place += 2 + length
    return None
