"""How an exported project reads lines of text: cut into tokens and counted as in training, with the vocabulary beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pprint import pformat
from typing import TYPE_CHECKING, Any, NamedTuple

from graph.catalog import CATALOG
from graph.model import Node
from runtime.data.sources import LABELED, TAGGED, TEXT
from runtime.data.vocabulary import BPE, CHARACTERS, WORDS
from runtime.export.reader import Reader
from runtime.export.verify import input_specs
from runtime.training.answers import find_question

if TYPE_CHECKING:
    from runtime.predict import Trained

VOCABULARY = "vocabulary.json"
_BLANKS = "blanks"  # between the words of a sentence


_SAYS: Mapping[str, str] = {
    TEXT: "says what probably comes next after",
    LABELED: "says what it makes of",
    TAGGED: "tags the words of",
}


class _Way(NamedTuple):
    """The Python that cuts and counts: an import, how the vocabulary is held, a line as numbers, a number as its token."""

    imports: str
    held: str
    numbers: str
    token: str


def _of_tokens(cut: str, imports: str = "") -> _Way:
    held = "TOKENS = json.loads(VOCABULARY)\nNUMBERS = {token: number for number, token in enumerate(TOKENS)}"
    numbers = f"[NUMBERS.get(token, UNKNOWN) for token in {cut}]"
    return _Way(imports, held, numbers, "TOKENS[number if number < len(TOKENS) else UNKNOWN]")


_WAYS: Mapping[str, _Way] = {
    CHARACTERS: _of_tokens("line"),
    WORDS: _of_tokens(r're.findall(r"\w+|[^\w\s]", line)', "import re\n"),
    _BLANKS: _of_tokens("line.split()"),
    BPE: _Way("", "TOKENIZER = Tokenizer.from_str(VOCABULARY)", "TOKENIZER.encode(line).ids",
              'TOKENIZER.id_to_token(number) or "<unk>"'),
}  # fmt: skip


def lines_reader(node: Node, trained: Trained) -> Reader | None:
    """A sample from each line of a text file; None where the run did not write down its vocabulary."""
    vocabulary: Mapping[str, Any] | None = trained.statistics.get(node.id, {}).get("text")
    if vocabulary is None:
        return None
    kind, (spec,) = CATALOG[node.type].id, input_specs(trained.compiled)
    name = _BLANKS if kind == TAGGED else str(CATALOG[node.type].values(node)["tokens"])
    way, is_bpe = _WAYS[name], "bpe" in vocabulary
    places = _places(kind, trained)
    return Reader(
        template="inputs_texts.py",
        fields={
            "imports": way.imports,
            "library": "from tokenizers import Tokenizer\n" if is_bpe else "",
            "held": way.held,
            "numbers": way.numbers,
            "token": way.token,
            "length": spec.shape[1],
            "kept": "-LENGTH:" if kind == TEXT else ":LENGTH",
        },
        example="lines.txt",
        usage=f"{_SAYS[kind]} each line of a text file (UTF-8)",
        packages=("tokenizers",) if is_bpe else (),
        files={VOCABULARY: (vocabulary["bpe"] if is_bpe else _json(vocabulary["tokens"])).encode()},
        predict="predict_places.py" if places else "predict.py",
        more=places or {},
    )


def pairs_reader(node: Node, trained: Trained, arrays: Reader) -> Reader:
    """Arrays of the numbers of tokens, with both vocabularies: what a decoder says so far is no file."""
    known = trained.statistics.get(node.id, {})
    content = {side: entry.get("tokens", entry.get("bpe")) for side, entry in known.items()}
    usage = f"{arrays.usage}; they hold the numbers of tokens in {VOCABULARY}, where target_in begins with 2 (<bos>)"
    return arrays._replace(files={VOCABULARY: _json(content).encode()}, usage=usage)


def _places(kind: str, trained: Trained) -> Mapping[str, object] | None:
    """What `predict.py` says of single places, where the network gives scores for each; None where it does not."""
    if kind not in (TEXT, TAGGED):
        return None
    (spec,), question = input_specs(trained.compiled), find_question(trained.compiled)
    size = spec.classes if kind == TEXT else len(trained.classes)
    given = trained.compiled.analysis.spec(trained.compiled.outputs[0])
    fitting = [axis for axis in (1, 2) if given is not None and given.shape[1:] == _shape(axis, size, spec.shape[1])]
    if not fitting or (question is not None and question.output != 0):
        return None
    return {
        "names": () if kind == TEXT else pformat(tuple(trained.classes), width=110, compact=True),
        "axis": (fitting[0] if question is not None else fitting[-1]) - 1,
        "size": size,
    }


def _shape(axis: int, size: object, length: object) -> tuple:
    return (size, length) if axis == 1 else (length, size)


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)
