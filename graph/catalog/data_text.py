"""Texts as data: windows of a text, texts with a class, words with a tag each, pairs of sentences."""

from __future__ import annotations

from graph.catalog.common import choice, whole
from graph.catalog.types import Kind, NodeType, Param, PortType, Role
from graph.messages import Message, msg

FAMILY = "data"

_TOKENS = choice("tokens", ("words", "characters", "bpe"),
                 "What a text is cut into. BPE, pieces of words that are learned from the training part, needs the package "
                 "tokenizers.")  # fmt: skip
_BROKEN = choice(
    "broken",
    ("refuse", "skip"),
    "What becomes of lines that do not fit: they stop the reading, or are left out and listed.",
)
_IDS = "Numbers of tokens: batch × time. 0 fills up what is shorter, 1 is what the training part never had."


def _text(name: str, stem: str, text: str, **more) -> NodeType:
    return NodeType(
        id=f"layerloom.data.{name}",
        label=name,
        family=FAMILY,
        role=Role.DATA,
        stem=stem,
        help=text,
        summary="{source}",
        **more,
    )


def _source(text: str, *builtin: str) -> Param:
    """Where the texts are; the first built-in set is the default."""
    return Param(name="source", kind=Kind.FILE, required=True, default=builtin[0], choices=builtin, help=text)


def _vocabulary(default: int) -> Param:
    return whole("vocabulary", default, "The most tokens that are told apart: the most frequent ones of the training part.",
                 minimum=4, maximum=1_000_000)  # fmt: skip


def _length(default: int, what: str = "length") -> Param:
    return whole(
        what,
        default,
        "How many tokens a sample has: longer ones are cut, shorter ones filled up.",
        minimum=1,
        maximum=65_536,
    )


def _column(name: str, text: str, empty: Message) -> Param:
    return Param(name=name, kind=Kind.TEXT, optional=True, empty=empty, help=text)


TYPES = (
    _text(
        "Text", "text", "A text in windows, to learn what comes next: a language model.",
        outputs=(
            PortType(name="input", dtype="integer", ndim=(2,), help=_IDS),
            PortType(name="target", dtype="integer", ndim=(2,), target=True,
                     help="The token after each of the input: batch × time; -100, which losses ignore, where the text is over."),
        ),
        params=(
            _source("A text file (UTF-8), or a folder of them.", "builtin:sonnets", "builtin:village"),
            choice("tokens", ("characters", "words", "bpe"), _TOKENS.help),
            _vocabulary(256),
            whole("length", 64, "Tokens in a window. The text is cut into up to 100 stretches that windows never leave, and a split "
                  "gives whole stretches to a part, so that no part sees another.", minimum=1, maximum=65_536),
            whole("stride", None, "Tokens from one window to the next; as many as a window has if empty. With fewer, windows overlap.",
                  optional=True, minimum=1, maximum=65_536, empty=msg("the length")),
        ),
        synonyms=("dataset", "corpus", "language model", "characters", "bpe", "gpt", "tokens"),
    ),
    _text(
        "LabeledTexts", "texts", "Texts and the class of each: reviews, subjects, languages.",
        outputs=(
            PortType(name="tokens", dtype="integer", ndim=(2,), help=_IDS),
            PortType(name="label", dtype="integer", ndim=(1,), target=True, help="The class of each text, a number from 0."),
        ),
        params=(
            _source("A CSV or TSV file with a column of texts and one of classes, or a folder with one folder of .txt files a class.",
                    "builtin:reviews"),
            _column("text_column", "The column of the texts; 'text' or the first one if empty.", msg("'text', or the first column")),
            _column("label_column", "The column of the classes; 'label' or the last one if empty.", msg("'label', or the last column")),
            _TOKENS, _vocabulary(5000), _length(32), _BROKEN,
        ),
        synonyms=("dataset", "sentiment", "reviews", "classification", "nlp", "csv"),
    ),
    _text(
        "TaggedTexts", "tagged", "Sentences with a tag for each word: parts of speech, names (CoNLL columns).",
        outputs=(
            PortType(name="tokens", dtype="integer", ndim=(2,), help=_IDS),
            PortType(name="tags", dtype="integer", ndim=(2,), target=True,
                     help="The tag of each token: batch × time; -100, which losses ignore, where a sentence is over."),
        ),
        params=(
            _source("A text file with a word a line, its tag in the last column, and an empty line between sentences.", "builtin:tagged"),
            _vocabulary(5000), _length(16), _BROKEN,
        ),
        synonyms=("dataset", "conll", "named entities", "ner", "part of speech", "sequence labeling", "nlp"),
    ),
    _text(
        "TextPairs", "pairs", "Pairs of sentences: translations, questions and answers, dates in two forms.",
        outputs=(
            PortType(name="source", dtype="integer", ndim=(2,), help=_IDS),
            PortType(name="target_in", dtype="integer", ndim=(2,),
                     help="What a decoder has said so far: batch × time, 2 (the beginning) and then the tokens."),
            PortType(name="target_out", dtype="integer", ndim=(2,), target=True,
                     help="What it says next: the tokens and then 3 (the end), and -100, which losses ignore."),
        ),
        params=(
            _source("A text file with a pair a line, a tab between both.", "builtin:dates", "builtin:phrases"),
            choice("tokens", ("characters", "words", "bpe"), _TOKENS.help),
            _vocabulary(5000), _length(32, "source_length"), _length(16, "target_length"), _BROKEN,
        ),
        synonyms=("dataset", "translation", "seq2seq", "parallel", "tsv", "nlp"),
    ),
)  # fmt: skip
