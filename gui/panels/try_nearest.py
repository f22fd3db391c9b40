"""A vector of a table of words is read as the words nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.trying import Form, Numbers, Result, Row

if TYPE_CHECKING:
    from runtime.predict import Trained


@dataclass(frozen=True)
class Nearest(Numbers):
    """Words, and the cosines of the angles between their vectors and an answer, the nearest first."""


def with_words(trained: Trained, form: Form, result: Result) -> Result:
    """The words nearest to an answer, where that is a vector out of a table of words; else the answer itself."""
    import numpy as np

    from runtime.embeddings import Kind, choices, cloud, near

    if not isinstance(result, (Numbers, Row)):
        return result
    for choice in choices(trained):
        is_of = choice.node == form.port.node and choice.numbers == len(result.values)
        if choice.kind is Kind.TABLE and choice.words and is_of:
            found = near(cloud(trained, choice), np.array(result.values, np.float32))
            return Nearest(tuple(one.caption for one in found), tuple(one.similarity for one in found))
    return result
