"""Reading files of text: whole texts, texts with a class, CoNLL columns, pairs with a tab between."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from graph.messages import DataError, Message, msg
from runtime.data.sources import check_size, listed, reading
from runtime.data.tables_pieces import Faults

TEXT_SUFFIX = ".txt"
DOCUMENT = "-DOCSTART-"  # the word of a line that begins a document
COMMENT = re.compile(r"#\s+(newdoc|newpar|\S+\s*=)(\s|$)|#\S+\s+=\s")
CONLLU = re.compile(r"(?m)^1(\t[^\t\n]+){9}$")
TITLE_ENDING = re.compile(r"([ _-]+(text|sentence|language|lang))?[ _-]?\d*$")
TITLES = frozenset(
    "source target src tgt trg input output question answer query response reply request prompt completion original translation "
    "sentence text from to word words phrase meaning english german french spanish italian portuguese dutch russian chinese "
    "japanese korean arabic turkish polish czech latin en de fr es it pt nl ru zh ja ko ar tr pl cs la".split()
)
JOINT = "\x1f"  # between the words of a sentence, and between their tags
Values = Mapping[str, Any]


class Texts(NamedTuple):
    """Texts and what belongs to each; what was left out, as far as it is told, and how many that were; how they were read."""

    texts: list[str]
    labels: list[str]
    broken: tuple[Message, ...]
    skipped: int
    notes: tuple[Message, ...] = ()


def _faults(values: Values) -> Faults:
    return Faults(skip=values["broken"] == "skip")


def read_text(path: Path) -> str:
    """The text of a file, UTF-8 with line ends as \\n.

    Raises:
        DataError: it is empty, too large, or no UTF-8 text.
    """
    with reading(path):
        check_size(path, path.stat().st_size)
        content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            msg("'{file}', line {line} is not UTF-8 text. Save the file as UTF-8.", file=path.name, line=line)
        ) from error
    if not text.strip():
        raise DataError(msg("'{file}' holds nothing but blanks. Choose a file with text in it.", file=path.name))
    return text


def text_of(path: Path) -> str:
    """The text of a file, or of all .txt files in a folder in the order of their names.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    with reading(path):
        if not path.is_dir():
            return read_text(path)
        files = sorted(file for file in path.rglob(f"*{TEXT_SUFFIX}") if file.is_file())
    if not files:
        raise DataError(msg("The folder '{folder}' holds no .txt files. Choose another, or a file.", folder=path))
    return "\n".join(map(read_text, files))


def labeled_texts(path: Path, values: Values) -> Texts:
    """Texts and classes of a CSV or TSV file, or of a folder with a folder a class.

    Raises:
        DataError: a column is missing, or a line does not fit and is not to be skipped.
    """
    with reading(path):
        is_folder = path.is_dir()
    return _labeled_folder(path, values) if is_folder else _labeled_file(path, values)


def _labeled_folder(path: Path, values: Values) -> Texts:
    with reading(path):
        folders = sorted(f for f in path.iterdir() if f.is_dir() and not f.name.startswith("."))
        files = [(file, folder.name) for folder in folders for file in sorted(folder.glob(f"*{TEXT_SUFFIX}"))]
    if not files:
        raise DataError(
            msg(
                "'{folder}' has no folders with .txt files in it. Put the texts of each class into a folder of its own.",
                folder=path,
            )
        )
    faults, texts, labels = _faults(values), [], []
    for file, label in files:
        try:
            texts.append(read_text(file))
        except DataError as error:
            faults.add(error.message)
        else:
            labels.append(label)
    return _checked(Texts(texts, labels, faults.told(), faults.count), path)


def _labeled_file(path: Path, values: Values) -> Texts:
    rows = _rows(path)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    label_at = _place(names, values["label_column"], "label", len(names) - 1, path)
    text_at = _place(names, values["text_column"], "text", int(label_at == 0), path)
    if len(names) < 2 or text_at == label_at:
        raise DataError(
            msg(
                "'{file}' has a single column, or one is chosen for texts and classes alike. They need a column each.",
                file=path.name,
            )
        )
    faults, texts, labels = _faults(values), [], []
    for line, row in rows:
        if len(row) != len(names):
            faults.add(msg("'{file}', line {line} has {found} cells, but there are {wanted} columns of texts. Mend that line.",
                            file=path.name, line=line, found=len(row), wanted=len(names)))  # fmt: skip
        elif not row[text_at].strip() or not row[label_at].strip():
            faults.add(
                msg(
                    "'{file}', line {line} has no text or no class. Fill it in, or delete the line.",
                    file=path.name,
                    line=line,
                )
            )
        else:
            texts.append(row[text_at])
            labels.append(row[label_at].strip())
    _require_names(path, names[text_at], names[label_at], texts, labels)
    return _checked(Texts(texts, labels, faults.told(), faults.count), path)


def _require_names(path: Path, text: str, label: str, texts: list[str], labels: list[str]) -> None:
    """Refuse a table whose first line is a text and its class: one that stands below too, or a sentence, over a class."""
    if label in labels and (" " in text or text in texts):
        raise DataError(
            msg(
                "'{file}' seems to have no line of column names: '{cell}' stands in its first line, and again below it. "
                "Write the names of the columns into the first line.",
                file=path.name,
                cell=label,
            )
        )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    text = read_text(path)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max("\t,;", key=first.count), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(
            msg("'{file}', line {line}: the quotation marks around a text do not fit ({reason}). Mend that line.",
                file=path.name, line=reader.line_num, reason=error)
        ) from error  # fmt: skip


def _place(names: list[str], wished: object, usual: str, otherwise: int, path: Path) -> int:
    name = str(wished or usual)
    if name in names:
        return names.index(name)
    if wished:
        raise DataError(
            msg("'{file}' has no column '{column}' of texts or classes. Its columns are: {columns}.",
                file=path.name, column=name, columns=listed(names))
        )  # fmt: skip
    return otherwise


def tagged_sentences(path: Path, values: Values) -> Texts:
    """Sentences of a file with a word a line, its tag in the last column; empty lines stand between sentences.

    Of CoNLL-U, ten columns with tabs between, the word is the second column and the tag the fourth, the part of speech.

    Raises:
        DataError: a line has no tag and is not to be skipped with its sentence.
    """
    text = read_text(path)
    is_conllu = CONLLU.search(text) is not None
    faults, texts, tags, width = _faults(values), [], [], 0
    for sentence in _sentences(text, is_conllu):
        width = width or len(sentence[0][1])
        fault = next((f for line, cells in sentence if (f := _line_fault(line, cells, width, path))), None)
        if fault is not None:
            faults.add(fault)
            continue
        texts.append(JOINT.join(cells[0] for _, cells in sentence))
        tags.append(JOINT.join(cells[-1] for _, cells in sentence))
    notes = (msg("This is CoNLL-U: its tags are the parts of speech (UPOS), the fourth column."),) if is_conllu else ()
    return _checked(Texts(texts, tags, faults.told(), faults.count, notes), path)


def _line_fault(line: int, cells: list[str], width: int, path: Path) -> Message | None:
    if len(cells) < 2:
        return msg("'{file}', line {line} has a word without a tag. Each line is a word, blanks, and its tag.",
                   file=path.name, line=line)  # fmt: skip
    if len(cells) != width:
        return msg("'{file}', line {line} has {found} columns, but the first line of the file has {wanted}. Mend that line.",
                   file=path.name, line=line, found=len(cells), wanted=width)  # fmt: skip
    return None


def _sentences(text: str, is_conllu: bool) -> Iterator[list[tuple[int, list[str]]]]:
    """The lines of each sentence with their numbers and cells, comments before a sentence left out."""
    rows = text.split("\n")
    width = next((len(row.split()) for row in rows if row.strip() and not row.startswith(("#", DOCUMENT))), 0)
    sentence: list[tuple[int, list[str]]] = []
    for line, row in enumerate(rows, start=1):
        cells = row.split()
        if not sentence and row.startswith("#") and (is_conllu or _is_comment(row, width)):
            continue
        if is_conllu and cells:
            sentence += [(line, cells)] if (cells := _of_conllu(row)) else []
        elif cells and cells[0] != DOCUMENT:
            sentence.append((line, cells))
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _is_comment(row: str, width: int) -> bool:
    """Whether a line before a sentence, which begins with #, is not its first word: it is followed by a blank and too many cells."""
    return COMMENT.match(row) is not None or (row[1:2] in ("", " ") and len(row.split()) != width)


def _of_conllu(row: str) -> list[str]:
    """Word and part of speech of a line; none of one that stands for several words, or for one that was not said."""
    number, *cells = row.split("\t")
    if len(cells) != 9:
        return [row.strip()]
    return [] if {"-", "."} & set(number) else [cells[0], cells[2]]


def pairs(path: Path, values: Values) -> Texts:
    """Pairs of a file with a tab between the two sentences of a line; further columns are passed over, and so are their names.

    Raises:
        DataError: a line has no pair and is not to be skipped.
    """
    faults, texts, answers, notes = _faults(values), [], [], ()
    for line, row in enumerate(read_text(path).split("\n"), start=1):
        cells = row.split("\t")
        if not row.strip():
            continue
        if len(cells) < 2 or not cells[0].strip() or not cells[1].strip():
            faults.add(msg("'{file}', line {line} is no pair: a sentence, a tab, and the other sentence. Mend that line.",
                            file=path.name, line=line))  # fmt: skip
            continue
        texts.append(cells[0].strip())
        answers.append(cells[1].strip())
    if texts and _are_titles(texts[0], answers[0]) and texts[0] not in texts[1:] and answers[0] not in answers[1:]:
        first = {"source": texts.pop(0), "target": answers.pop(0)}
        notes = (
            msg(
                "The first line, '{source}' and '{target}', names the columns and is no pair; it was left out.", **first
            ),
        )
    return _checked(Texts(texts, answers, faults.told(), faults.count, notes), path)


def _are_titles(source: str, target: str) -> bool:
    """Whether two cells are what people call columns of sentences, each in another word."""
    words = [TITLE_ENDING.sub("", cell.casefold().strip("#<> ")) for cell in (source, target)]
    return source != target and all(word in TITLES for word in words)


def _checked(found: Texts, path: Path) -> Texts:
    if len(found.texts) < 2:
        raise DataError(
            msg(
                "'{file}' has {count} samples of text that can be used; at least 2 are needed.",
                file=path.name,
                count=len(found.texts),
            )
        )
    return found
