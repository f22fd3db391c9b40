"""What a network that answers a sequence with another one said: sentences of another language, figures for words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """One answer to a source.

    `tokens` are those of `text`, without the end. `log_probability` is the sum of the logarithms (base e) of the probabilities
    that the network gave to each token and to the end; `score` is what hypotheses are ranked by (see `runtime.translate`).
    Where `is_ended` is False, the network did not come to an end within the length of its data node. `attention` says how
    much each token (rows) looked at each token of the source (columns), in the order of both; None where the network shows none.
    """

    text: str
    tokens: tuple[str, ...]
    log_probability: float
    score: float
    is_ended: bool
    attention: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Translation:
    """A source, its tokens as the network reads them, and the answers, the best first."""

    source: str
    source_tokens: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]

    @property
    def best(self) -> Hypothesis:
        """The answer with the highest score."""
        return self.hypotheses[0]
