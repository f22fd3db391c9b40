"""From text to numbers: tokens, and vocabularies that are made from training texts alone.

0 is what fills up, 1 a token that the training texts did not have. In pairs 2 begins and 3 ends what a decoder says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from graph.messages import DataError, msg

PAD, UNKNOWN, BEGIN, END = range(4)
SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")
IGNORED = -100  # a target that losses pass over
CHARACTERS, WORDS, BPE = "characters", "words", "bpe"

_WORD = re.compile(r"\w+|[^\w\s]")

Vocabulary = Mapping[str, Any]  # {"tokens": [...]} from PAD on, or {"bpe": the text of a `tokenizers.Tokenizer`}


def cut(text: str, way: str) -> list[str]:
    """The tokens of a text: its characters, or its words and signs."""
    return list(text) if way == CHARACTERS else _WORD.findall(text)


def build(texts: Iterable[str], way: str, size: int, *, specials: int = 2) -> Vocabulary:
    """The most frequent tokens, equal ones in the order of their text; with "bpe" pieces of words (Sennrich et al., 2016).

    Args:
        texts: those of the training part.
        size: of the vocabulary, with the specials, at most.

    Raises:
        DataError: BPE was chosen, and the package is not installed.
    """
    if way == BPE:
        return {"bpe": _learn_bpe(list(texts), size, SPECIALS[:specials])}
    return of_tokens((cut(text, way) for text in texts), size, specials=specials)


def of_tokens(rows: Iterable[Sequence[str]], size: int, *, specials: int = 2) -> Vocabulary:
    """The most frequent tokens of rows of tokens, equal ones in the order of their text."""
    counts = Counter(token for row in rows for token in row)
    ordered = sorted(counts, key=lambda token: (-counts[token], token))
    return {"tokens": [*SPECIALS[:specials], *ordered[: max(0, size - specials)]]}


def size_for(texts: Iterable[str], way: str, limit: int, *, specials: int = 2) -> int:
    """The size of a vocabulary whatever part of the texts it is made from: as many different tokens as there are in all."""
    if way == BPE:
        return limit
    return min(limit, specials + len({token for text in texts for token in cut(text, way)}))


def encode(text: str, vocabulary: Vocabulary, way: str) -> list[int]:
    """The numbers of the tokens of a text."""
    if way == BPE:
        return _tokenizer(vocabulary["bpe"]).encode(text).ids
    return numbers_of(cut(text, way), vocabulary)


def numbers_of(tokens: Iterable[str], vocabulary: Vocabulary) -> list[int]:
    """The numbers of tokens."""
    numbers = _numbers(tuple(vocabulary["tokens"]))
    return [numbers.get(token, UNKNOWN) for token in tokens]


def decode(numbers: Sequence[int], vocabulary: Vocabulary) -> list[str]:
    """The tokens of numbers, without what fills up."""
    kept = [int(n) for n in numbers if n not in (PAD, IGNORED)]
    if "bpe" in vocabulary:
        tokenizer = _tokenizer(vocabulary["bpe"])
        return [tokenizer.id_to_token(n) or SPECIALS[UNKNOWN] for n in kept]
    tokens = vocabulary["tokens"]
    return [tokens[n] if n < len(tokens) else SPECIALS[UNKNOWN] for n in kept]


def padded(rows: Sequence[Sequence[int]], length: int, fill: int = PAD) -> np.ndarray:
    """Rows cut and filled up to one length, int64."""
    table = np.full((len(rows), length), fill, np.int64)
    for place, row in enumerate(rows):
        short = row[:length]
        table[place, : len(short)] = short
    return table


@lru_cache(maxsize=8)
def _numbers(tokens: tuple[str, ...]) -> dict[str, int]:
    return {token: number for number, token in enumerate(tokens)}


def _library() -> Any:
    try:
        import tokenizers
    except Exception as error:  # an installation may be damaged in any way
        text = msg(
            'BPE needs tokenizers, which is not installed. Run: pip install "layerloom[data]", or choose words or characters.'
        )
        raise DataError(text) from error
    return tokenizers


def _learn_bpe(texts: list[str], size: int, specials: Sequence[str]) -> str:
    library = _library()
    tokenizer = library.Tokenizer(library.models.BPE(unk_token=SPECIALS[UNKNOWN]))
    tokenizer.pre_tokenizer = library.pre_tokenizers.Metaspace()
    trainer = library.trainers.BpeTrainer(vocab_size=size, special_tokens=list(specials), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.to_str()


@lru_cache(maxsize=8)
def _tokenizer(text: str) -> Any:
    return _library().Tokenizer.from_str(text)
