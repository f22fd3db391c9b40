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

_UNITS = {WORDS: re.compile(r"\w+|[^\w\s]"), BPE: re.compile(r"\S+")}  # BPE cuts words further

_BEFORE_A_SIGN = re.compile(r" (?=[.,;:!?%)\]}’”'…])")

Vocabulary = Mapping[str, Any]  # {"tokens": [...]} from PAD on, or {"bpe": the text of a `tokenizers.Tokenizer`}


def strings(texts: Iterable[str]) -> np.ndarray:
    """Texts in an array of objects."""
    found = list(texts)
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array


def cut(text: str, way: str) -> Sequence[str]:
    """The tokens of a text: its characters, or its words and signs (for BPE what stands between blanks)."""
    return text if way == CHARACTERS else _UNITS[way].findall(text)


def places(text: str, way: str) -> tuple[np.ndarray, np.ndarray]:
    """Where each token of `cut` begins in the text and where it ends, in characters."""
    if way == CHARACTERS:
        begins = np.arange(len(text))
        return begins, begins + 1
    found = np.fromiter((end for word in _UNITS[way].finditer(text) for end in word.span()), np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


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
    return {"tokens": [*SPECIALS[:specials], *_most_frequent(rows, size - specials)]}


def size_for(texts: Iterable[str], way: str, limit: int, *, specials: int = 2) -> int:
    """The size of a vocabulary whatever part of the texts it is made from: as many different tokens as there are in all, and at
    most `limit`; with BPE always `limit`.
    """
    if way == BPE:
        return limit
    return min(limit, specials + len(set().union(*(cut(text, way) for text in texts))))


def encode(texts: Iterable[str], vocabulary: Vocabulary, way: str) -> list[list[int]]:
    """The numbers of the tokens of each text."""
    if way == BPE:
        return [found.ids for found in _tokenizer(vocabulary["bpe"]).encode_batch(list(texts))]
    return numbers_of((cut(text, way) for text in texts), vocabulary)


def numbers_of(rows: Iterable[Sequence[str]], vocabulary: Vocabulary) -> list[list[int]]:
    """The numbers of rows of tokens."""
    numbers = _numbers(tuple(vocabulary["tokens"]))
    return [[numbers.get(token, UNKNOWN) for token in row] for row in rows]


def decode(numbers: Sequence[int], vocabulary: Vocabulary) -> list[str]:
    """The tokens of numbers, without what fills up; those of no token are unknown."""
    return [token_of(int(number), vocabulary) for number in numbers if number not in (PAD, IGNORED)]


def token_of(number: int, vocabulary: Vocabulary) -> str:
    """The token of a number, be it one that fills up; that of no token is unknown."""
    if "bpe" in vocabulary:
        return _tokenizer(vocabulary["bpe"]).id_to_token(number) or SPECIALS[UNKNOWN]
    tokens = vocabulary["tokens"]
    return tokens[number if number < len(tokens) else UNKNOWN]


def joined(tokens: Iterable[str], way: str) -> str:
    """Tokens as one text: words apart, and signs close to the word before."""
    if way == CHARACTERS:
        return "".join(tokens)
    if way == BPE:
        return "".join(tokens).replace("▁", " ").strip()
    return _BEFORE_A_SIGN.sub("", " ".join(tokens))


def num_tokens(vocabulary: Vocabulary) -> int:
    """How many numbers stand for a token, those that fill up or are unknown included."""
    return _tokenizer(vocabulary["bpe"]).get_vocab_size() if "bpe" in vocabulary else len(vocabulary["tokens"])


def padded(rows: Sequence[Sequence[int]], length: int, fill: int = PAD) -> np.ndarray:
    """Rows cut and filled up to one length, int64."""
    table = np.full((len(rows), length), fill, np.int64)
    for place, row in enumerate(rows):
        short = row[:length]
        table[place, : len(short)] = short
    return table


def _most_frequent(rows: Iterable[Sequence[str]], limit: int) -> list[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row)
    return sorted(counts, key=lambda token: (-counts[token], token))[: max(0, limit)]


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
    """A tokenizer for words with the blank before them, and line ends; at first its pieces are the most frequent characters."""
    library = _library()
    tokenizer = library.Tokenizer(library.models.BPE(unk_token=SPECIALS[UNKNOWN]))
    blanks = library.pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.pre_tokenizer = library.pre_tokenizers.Sequence([library.pre_tokenizers.Split("\n", "isolated"), blanks])
    characters = _most_frequent((text.replace(" ", blanks.replacement) for text in texts), size - len(specials))
    trainer = library.trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(specials),
        initial_alphabet=characters,
        limit_alphabet=len(characters),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.to_str()


@lru_cache(maxsize=8)
def _tokenizer(text: str) -> Any:
    return _library().Tokenizer.from_str(text)
