"""From text to numbers: tokens, their order, and BPE."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from graph.messages import DataError
from runtime.data import vocabulary as words
from runtime.data.sources import BUILTINS

SONNETS = BUILTINS["sonnets"].path.read_text("utf-8")


def test_frequent_tokens_come_first_and_equal_ones_in_the_order_of_their_text() -> None:
    found = words.build(["b a c", "c b, c"], "words", 100)
    assert found == {"tokens": ["<pad>", "<unk>", "c", "b", ",", "a"]}
    assert words.build(["aab"], "characters", 3) == {"tokens": ["<pad>", "<unk>", "a"]}
    assert words.build(["x"], "words", 100, specials=4)["tokens"] == ["<pad>", "<unk>", "<bos>", "<eos>", "x"]


@pytest.mark.parametrize("way", ["words", "characters"])
def test_numbers_say_the_text_again(way: str) -> None:
    text = "It's no use: 12 + 3, çok güzel!"
    vocabulary = words.build([text], way, 100)
    (numbers,) = words.encode([text], vocabulary, way)
    assert words.decode(numbers, vocabulary) == list(words.cut(text, way))
    begins, ends = words.places(text, way)
    assert [text[a:b] for a, b in zip(begins, ends, strict=True)] == list(words.cut(text, way))


def test_what_training_did_not_have_is_unknown() -> None:
    vocabulary = words.build(["a b"], "words", 100)
    assert words.encode(["a z b", ""], vocabulary, "words") == [[2, 1, 3], []]
    assert words.decode([0, 2, 99, -100], vocabulary) == ["a", "<unk>"]


def test_the_size_is_that_of_all_texts_or_the_limit() -> None:
    assert words.size_for(["a b", "b c"], "words", 100) == 5
    assert words.size_for(["a b", "b c"], "words", 4) == 4
    assert words.size_for(["ab", "bc"], "characters", 100, specials=4) == 7
    assert words.size_for(["ab"], "bpe", 300) == 300


def test_rows_are_cut_and_filled() -> None:
    found = words.padded([[1, 2, 3], [4], []], 2, -100)
    assert found.dtype == np.int64
    assert found.tolist() == [[1, 2], [4, -100], [-100, -100]]


class TestBPE:
    """Pieces of words, by the package tokenizers."""

    @pytest.mark.parametrize("size", [4, 20, 60, 300])
    def test_numbers_stay_below_the_size(self, size: int) -> None:
        (numbers,) = words.encode([SONNETS], words.build([SONNETS], "bpe", size), "bpe")
        assert min(numbers) > 0 and max(numbers) < size

    def test_it_learns_frequent_pieces_and_says_the_text_again(self) -> None:
        vocabulary = words.build([SONNETS], "bpe", 300)
        (numbers,) = words.encode(["And thy love\nis thine"], vocabulary, "bpe")
        tokens = words.decode(numbers, vocabulary)
        assert "▁thy" in tokens and "\n" in tokens
        assert "".join(tokens).replace("▁", " ").strip() == "And thy love\nis thine"

    def test_the_same_text_gives_the_same_pieces(self) -> None:
        first, again = (words.build([SONNETS], "bpe", 120) for _ in range(2))
        assert first == again == json.loads(json.dumps(first))

    def test_words_are_at_least_as_many_pieces(self) -> None:
        vocabulary = words.build([SONNETS], "bpe", 2000)
        for line in SONNETS.splitlines():
            (numbers,) = words.encode([line], vocabulary, "bpe")
            assert len(numbers) >= len(line.split())

    def test_without_the_package_a_sentence_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "tokenizers", None)
        with pytest.raises(DataError, match=r"pip install .*choose words or characters"):
            words.build(["a"], "bpe", 30)
