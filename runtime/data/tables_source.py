"""Table files in pieces of rows: CSV in any usual encoding, and Parquet. Nothing is held but the piece that is looked at."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from graph.messages import DataError, Message, msg
from runtime.data.sources import check_file, fingerprint, listed, reading
from runtime.data.tables_columns import reads
from runtime.data.tables_doubts import nameless
from runtime.data.tables_pieces import MISSING, Column, Faults, Piece, TableFile, as_column

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

DELIMITERS = ",;\t"
BLOCK = 2**21  # characters of a piece of CSV
CELLS = 2**18  # of a piece of Parquet
LINE = 2**24  # characters
PEEK = 2**16  # characters, where the first line may be no names of columns
_NULLS = [form for word in sorted(MISSING) for form in dict.fromkeys((word, word.upper(), word.title()))]
_DECIMAL = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def open_table(path: Path) -> TableFile:
    """The table in a file.

    Raises:
        DataError: it is none; the message says why.
    """
    with reading(path):
        if path.is_dir():
            raise DataError(msg("'{file}' is a folder. Choose a CSV file for a table.", file=path))
        check_file(path)
        with path.open("rb") as stream:
            start = stream.read(4)
    if start == b"PAR1":
        return ParquetTable(path)
    if start == b"PK\x03\x04":
        raise DataError(
            msg("'{file}' is a spreadsheet or an archive, no text. Save the table as 'CSV UTF-8'.", file=path.name)
        )
    return CsvTable(path, next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8"))


def require(table: TableFile, names: Sequence[str]) -> None:
    """Refuse columns that do not exist.

    Raises:
        DataError: naming those that do.
    """
    for name in names:
        if name not in table.names:
            raise DataError(
                msg(
                    "'{file}' has no column '{column}'. Its columns are: {columns}.",
                    file=table.path.name,
                    column=name,
                    columns=listed(table.names),
                )
            )


# ---- CSV


class CsvTable:
    """Text with the names of the columns in the first line, separated by commas, semicolons or tabs.

    With semicolons a column of numbers may have decimal commas; its first rows say whether it has.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self.path = path
        self.words: frozenset[str] | None = None
        self._commas: frozenset[str] | None = None  # columns with decimal commas; None as long as nobody knows
        self._encoding, self._digest = encoding, hashlib.sha256()
        with reading(path), self._open() as stream:
            first = next((line for line in iter(lambda: stream.readline(LINE), "") if line.strip()), "")
            self._delimiter = max(DELIMITERS, key=first.count)
        if not first:
            raise DataError(msg("'{file}' holds nothing but blanks. Choose a file with text in it.", file=path.name))
        _, header = next(self._rows(first, 1, Faults()), (1, []))
        self.names = tuple(name.strip() for name in header)
        _check_header(self.names, path.name, self._first_rows)

    def pieces(self, used: Sequence[str], faults: Faults) -> Iterator[Piece]:
        """The rows in pieces of about `BLOCK` characters: read by pyarrow where that is there and finds nothing to complain of."""
        for line, text in self._blocks():
            if (piece := self._fast_piece(used, line, text)) is not None:
                yield piece
                continue
            rows = [entry for entry in self._rows(text, line, faults) if self._fits(*entry, faults)]
            if line == 1:
                del rows[0]
            if rows:
                lines, cells = zip(*rows, strict=True)
                yield Piece(lines, self._pointed(dict(zip(self.names, zip(*cells, strict=True), strict=True))))

    def fingerprint(self) -> str:
        """Of the text with line ends as \\n, so that it does not depend on who checked the file out."""
        return f"sha256:{self._digest.hexdigest()}"

    def _open(self) -> IO[str]:
        return self.path.open(encoding=self._encoding, errors="surrogateescape")

    def _blocks(self) -> Iterator[tuple[int, str]]:
        """The text in whole lines, outside of quotation marks, each time with the number of its first line."""
        self._digest, line, rest = hashlib.sha256(), 1, ""
        with reading(self.path), self._open() as stream:
            while new := self._read(stream):
                self._digest.update(new.encode("utf-8", "surrogateescape"))
                text = rest + new
                cut = text.rfind("\n") + 1
                if cut == 0 and len(text) > LINE:
                    raise self._endless(line)
                if cut == 0 or (text.count('"', 0, cut) % 2 and len(text) <= LINE):
                    rest = text
                    continue
                yield line, text[:cut]
                line, rest = line + text.count("\n", 0, cut), text[cut:]
        if rest:
            yield line, rest

    def _first_rows(self) -> list[list[str]]:
        """The rows below the first line, as far as the first `PEEK` characters go."""
        with reading(self.path), self._open() as stream:
            _, *rows = self._rows(self._read(stream)[:PEEK], 1, Faults(skip=True))
        return [row for _, row in rows]

    def _read(self, stream: IO[str]) -> str:
        try:
            return stream.read(BLOCK)
        except UnicodeDecodeError as error:  # of UTF-16, where nothing can stand for a wrong byte
            raise DataError(
                msg("'{file}' is damaged UTF-16 text. Save the table as 'CSV UTF-8'.", file=self.path.name)
            ) from error

    def _fast_piece(self, used: Sequence[str], line: int, text: str) -> Piece | None:
        """The rows of a text, or None where it takes a closer look."""
        if line == 1 or self.words is None or (csv_reader := _arrow_csv()) is None or not _is_utf8(text):
            return None
        import pyarrow

        if self._commas and any(name in self._commas for name in self.words):
            return None
        types = {name: pyarrow.string() if name in self.words else pyarrow.float64() for name in used}
        data = text.encode()
        try:
            table = csv_reader.read_csv(
                io.BytesIO(data),
                csv_reader.ReadOptions(column_names=list(self.names), block_size=len(data) + 1, use_threads=False),
                csv_reader.ParseOptions(delimiter=self._delimiter),
                csv_reader.ConvertOptions(
                    column_types=types,
                    include_columns=list(used),
                    null_values=_NULLS,
                    decimal_point="," if self._commas else ".",
                ),
            )
        except pyarrow.ArrowException:
            return None
        count = text.count("\n") + (not text.endswith("\n"))
        if table.num_rows != count:
            return None
        return Piece(range(line, line + count), {name: as_column(table.column(name)) for name in used})

    def _pointed(self, columns: dict[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """The columns with a decimal point where they have decimal commas."""
        if self._commas is None:
            words = self.words or frozenset()
            asked = [name for name in columns if name not in words] if self._delimiter == ";" else []
            self._commas = frozenset(name for name in asked if _has_commas(columns[name]))
        return {
            name: [cell.replace(",", ".") if _DECIMAL.fullmatch(cell) else cell for cell in cells]
            if name in self._commas
            else cells
            for name, cells in columns.items()
        }

    def _rows(self, text: str, first: int, faults: Faults) -> Iterator[tuple[int, list[str]]]:
        """The rows that are not blank, each with its line number (the last one, where a quoted cell spans several)."""
        wrong: list[int] = []
        lines = io.StringIO(text)
        reader = csv.reader(
            lines if _is_utf8(text) else _noting_wrong(lines, wrong), delimiter=self._delimiter, strict=True
        )
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                faults.add(
                    msg(
                        "'{file}', line {line} cannot be read as CSV ({reason}). Check the quotation marks in it.",
                        file=self.path.name,
                        line=first - 1 + reader.line_num,
                        reason=str(error),
                    )
                )
                continue
            if wrong:
                faults.add(_not_text(self.path, first - 1 + wrong[0]))
                wrong.clear()
            elif len(row) > 1 or (row and row[0].strip()):
                yield first - 1 + reader.line_num, row

    def _fits(self, line: int, row: Sequence[str], faults: Faults) -> bool:
        """Whether a row has a cell for each column."""
        if len(row) == len(self.names):
            return True
        faults.add(
            msg(
                "'{file}', line {line} has {found} cells, but there are {wanted} columns. Mend that line.",
                file=self.path.name,
                line=line,
                found=len(row),
                wanted=len(self.names),
            )
        )
        return False

    def _endless(self, line: int) -> DataError:
        return DataError(
            msg(
                "'{file}', line {line} is longer than {limit:,} characters; that is no table. Choose another file.",
                file=self.path.name,
                line=line,
                limit=LINE,
            )
        )


def _arrow_csv() -> Any:
    """The module `pyarrow.csv`, or None."""
    try:
        import pyarrow.csv
    except ImportError:
        return None
    return pyarrow.csv


def _noting_wrong(lines: Iterable[str], wrong: list[int]) -> Iterator[str]:
    """The lines; the numbers of those that were no text in their encoding are noted before they are given."""
    for number, line in enumerate(lines, start=1):
        if not _is_utf8(line):
            wrong.append(number)
        yield line


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_text(path: Path, line: int) -> Message:
    return msg("'{file}', line {line} is not UTF-8 text. Save the table as 'CSV UTF-8'.", file=path.name, line=line)


def _has_commas(cells: Sequence[str]) -> bool:
    """Whether cells are numbers with decimal commas: at least one, and at least half of those that are not missing."""
    there = [cell for cell in cells if cell.strip().lower() not in MISSING]
    commas = sum(_DECIMAL.fullmatch(cell) is not None for cell in there)
    return commas > 0 and 2 * (commas + sum(map(reads, there))) >= len(there)


def _check_header(names: Sequence[str], file: str, below: Callable[[], list[list[str]]] = list) -> None:
    """Refuse names of columns that are none, or not one for each; `below` gives the first rows."""
    if all(reads(name or "?") for name in names):
        raise DataError(
            msg("'{file}' starts with numbers. Write the names of the columns into the first line.", file=file)
        )
    seen: set[str] = set()
    for i, name in enumerate(names, start=1):
        if not name:
            raise DataError(msg("'{file}': column {number} has no name in the first line.", file=file, number=i))
        if name in seen:
            if _is_cell(name, names, below()):
                raise nameless(file, name)
            raise DataError(msg("'{file}' has two columns called '{column}'. Rename one.", file=file, column=name))
        seen.add(name)


def _is_cell(name: str, names: Sequence[str], rows: list[list[str]]) -> bool:
    """Whether a name that stands twice in the first line is a cell of a row: of numbers, or one that stands below too."""
    places = [i for i, other in enumerate(names) if other == name]
    numbers = [i for i, other in enumerate(names) if reads(other)]
    there = [row for row in rows if len(row) == len(names)]
    again = any(row[i].strip() == name for row in there for i in places)
    return again or (
        bool(numbers and there) and all(reads(row[i].replace(",", ".")) for row in there[:5] for i in numbers)
    )


# ---- Parquet


class ParquetTable:
    """The columns of a Parquet file that hold numbers, words, or yes and no (as 1 and 0)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.words: frozenset[str] | None = None
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise DataError(
                msg('Parquet files need pyarrow, which is not installed. Run: pip install "layerloom[data]"')
            ) from error
        self._errors = (pyarrow.ArrowException, OSError)
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                self.names = tuple(file.schema_arrow.names)
        except self._errors as error:
            raise self._damaged() from error
        _check_header(self.names, path.name)

    def pieces(self, used: Sequence[str], faults: Faults) -> Iterator[Piece]:
        """The columns that are used, in pieces of at most `CELLS` cells."""
        from pyarrow.parquet import ParquetFile

        rows = 0
        try:
            with ParquetFile(self.path) as file:
                for batch in file.iter_batches(max(1, CELLS // len(used)), columns=list(used)):
                    columns = {name: self._column(name, batch.column(name)) for name in used}
                    yield Piece(range(rows + 1, rows + 1 + batch.num_rows), columns)
                    rows += batch.num_rows
        except self._errors as error:
            raise self._damaged() from error

    def fingerprint(self) -> str:
        """Of the bytes of the file."""
        with reading(self.path), self.path.open("rb") as stream:
            return fingerprint(iter(lambda: stream.read(2**20), b""))

    def _column(self, name: str, cells: pyarrow.Array) -> Column:
        found = as_column(cells)
        if found is not None:
            return found
        raise DataError(
            msg(
                "'{file}': the column '{column}' holds neither numbers nor words ({type}). Leave it out under 'ignore'.",
                file=self.path.name,
                column=name,
                type=str(cells.type),
            )
        )

    def _damaged(self) -> DataError:
        return DataError(msg("'{file}' is a damaged Parquet file. Write it again.", file=self.path.name))
