"""Points of many numbers on a plane: principal components, and t-SNE. Importable without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from graph.messages import RunError, msg

PERPLEXITY = 30.0  # how many neighbors t-SNE lets a point have, about
COMPONENTS = 50  # that t-SNE starts from, as van der Maaten and Hinton advise (30 there)
MAX_TSNE = 1000  # points: its time grows faster than their number
FEWEST = 3


class Beginning(NamedTuple):
    """What t-SNE starts from, the principal components of the points and a first map, and how it goes on."""

    points: np.ndarray
    places: np.ndarray
    perplexity: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Points on a plane (float64, points × 2). `explained` is, for principal components, the share of the variance that lies along
    each of both axes; empty for t-SNE."""

    points: np.ndarray
    explained: tuple[float, ...] = ()


def pca(points: np.ndarray) -> Projection:
    """The two directions in which the points differ most (Pearson, 1901): with X - mean = U S Vᵀ the coordinates U S, and the
    shares of the variance s_i² / Σ s_j².

    The sign of a direction is free: here its largest part is positive, so the same points always give the same picture.

    Args:
        points: points × numbers, finite.

    Raises:
        RunError: there are fewer than three points.
    """
    scores, explained = _principal(points, 2)
    return Projection(scores, explained)


def tsne(points: np.ndarray, *, perplexity: float = PERPLEXITY, seed: int = 0) -> Projection:
    """Points that are near stay near; distances far apart mean little (van der Maaten and Hinton, 2008; Barnes-Hut as in 2014).

    It starts from the principal components and draws no random numbers but its own, so the same points give the same picture.

    Args:
        points: points × numbers, finite; the caller gives at most `MAX_TSNE`.
        perplexity: made smaller where there are few points.

    Raises:
        RunError: scikit-learn is not installed, or there are fewer than three points.
    """
    return Projection(finished(begun(points, perplexity=perplexity, seed=seed)))


def begun(points: np.ndarray, *, perplexity: float = PERPLEXITY, seed: int = 0) -> Beginning:
    """The short part of t-SNE.

    Raises:
        RunError: there are fewer than three points.
    """
    start, _ = _principal(points, min(COMPONENTS, *points.shape))
    few = min(perplexity, (len(points) - 1) / 3)
    first = start[:, :2] if start.shape[1] > 1 else np.pad(start, ((0, 0), (0, 1)))
    spread = first[:, 0].std() or 1.0
    return Beginning(start.astype(np.float32), first / spread * 1e-4, few, seed)


def finished(beginning: Beginning) -> np.ndarray:
    """The long part of t-SNE, which needs no PyTorch: the points on the plane.

    Raises:
        RunError: scikit-learn is not installed.
    """
    points, places, perplexity, seed = beginning
    init: Any = places  # an array is as good as a name: its types do not say so
    method = _library().TSNE(perplexity=perplexity, init=init, learning_rate="auto", random_state=seed)
    return method.fit_transform(points).astype(np.float64)


def _library():
    try:
        from sklearn import manifold
    except Exception as error:  # an installation may be damaged in any way
        text = msg(
            't-SNE needs scikit-learn, which is not installed. Run: pip install "layerloom[data]", or choose PCA.'
        )
        raise RunError(text) from error
    return manifold


def _principal(points: np.ndarray, count: int) -> tuple[np.ndarray, tuple[float, ...]]:
    """The first coordinates along the principal directions, zeros where there are no more, and their shares of the variance.

    They come from the eigenvectors of X Xᵀ or Xᵀ X, whichever is smaller: in float64 that is exact enough for the large ones, and
    takes a second where the singular values of 1000 × 4096 numbers take ten.
    """
    import torch

    _require_several(points)
    x = torch.from_numpy(points.astype(np.float64))
    x = x - x.mean(0)
    is_wide = x.shape[0] < x.shape[1]
    squares, vectors = torch.linalg.eigh(x @ x.T if is_wide else x.T @ x)
    squares, vectors = squares.flip(0).clamp(min=0), vectors.flip(1)[:, :count]
    directions = x.T @ vectors if is_wide else vectors
    largest = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    scores = (vectors * squares[: vectors.shape[1]].sqrt() if is_wide else x @ vectors) * torch.where(
        largest < 0, -1.0, 1.0
    )
    shares = (squares / squares.sum().clamp(min=1e-300))[:count].tolist()
    missing = count - len(shares)
    return np.pad(scores.numpy(), ((0, 0), (0, missing))), (*shares, *[0.0] * missing)


def _require_several(points: np.ndarray) -> None:
    if len(points) < FEWEST:
        raise RunError(
            msg("A map needs at least {count} points, and there are {given}.", count=FEWEST, given=len(points))
        )
