"""Maps of points: principal components against PyTorch's and scikit-learn's own, t-SNE, and what is said where neither can be."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from graph.messages import RunError
from runtime import projection


def cloud(points: int, numbers: int) -> np.ndarray:
    """Points that differ more in some directions than in others, so that the directions are well defined."""
    draw = np.random.default_rng(5)
    return (draw.normal(size=(points, numbers)) * np.arange(1, numbers + 1) + 7).astype(np.float32)


@pytest.mark.parametrize("shape", [(60, 5), (8, 40), (30, 30), (12, 2)])
def test_pca_is_that_of_the_singular_values(shape):
    points = cloud(*shape)
    made = projection.pca(points)
    x = torch.from_numpy(points).double()
    x = x - x.mean(0)
    _, sizes, directions = torch.linalg.svd(x, full_matrices=False)
    by_hand = x @ directions[:2].T
    for axis in range(2):
        largest = directions[axis].abs().argmax()
        sign = torch.sign(directions[axis, largest])
        np.testing.assert_allclose(made.points[:, axis], by_hand[:, axis] * sign, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(made.explained, (sizes**2 / (sizes**2).sum())[:2], rtol=1e-9)


def test_pca_agrees_with_the_library_and_is_the_same_each_time():
    points = cloud(50, 6)
    made, again = projection.pca(points), projection.pca(points.copy())
    library = PCA(2).fit(points.astype(np.float64))
    np.testing.assert_allclose(made.explained, library.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(
        abs(made.points), abs(library.transform(points.astype(np.float64))), rtol=1e-6, atol=1e-6
    )
    assert np.array_equal(made.points, again.points)


@pytest.mark.parametrize(
    "points", [np.ones((5, 3)), np.zeros((4, 1)), np.arange(3.0)[:, None]], ids=["equal", "zeros", "one number"]
)
def test_what_has_less_than_two_directions_still_has_a_map(points):
    made = projection.pca(points)
    assert made.points.shape == (len(points), 2) and np.isfinite(made.points).all()
    assert all(0 <= share <= 1 + 1e-12 for share in made.explained)
    np.testing.assert_allclose(made.points[:, 1], 0, atol=1e-9)


def test_tsne_keeps_neighbors_together_and_draws_no_random_numbers_of_others():
    draw = np.random.default_rng(1)
    centers = np.repeat(draw.normal(size=(3, 60)) * 8, 15, axis=0)
    points = (centers + draw.normal(size=centers.shape)).astype(np.float32)
    before, of_numpy = torch.get_rng_state(), np.random.get_state()[1].copy()
    made = projection.tsne(points)
    assert torch.equal(before, torch.get_rng_state()) and np.array_equal(of_numpy, np.random.get_state()[1])
    assert made.points.shape == (45, 2) and made.explained == ()
    assert trustworthiness(points, made.points, n_neighbors=5) > 0.9
    groups = made.points.reshape(3, 15, 2)
    spread = max(np.linalg.norm(group - group.mean(0), axis=1).max() for group in groups)
    middles = groups.mean(1)
    assert min(np.linalg.norm(middles[a] - middles[b]) for a, b in ((0, 1), (0, 2), (1, 2))) > 2 * spread
    assert np.array_equal(made.points, projection.tsne(points).points)


@pytest.mark.parametrize("make", [projection.pca, projection.tsne])
def test_two_points_are_no_map(make):
    with pytest.raises(RunError, match=r"at least 3 points.*2"):
        make(np.zeros((2, 4)))


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(RunError, match=r'pip install "layerloom\[data\]", or choose PCA'):
        projection.tsne(cloud(9, 3))
    assert projection.pca(cloud(9, 3)).points.shape == (9, 2)


def test_importing_it_loads_neither_torch_nor_the_library():
    code = "import sys, runtime.projection, runtime.embeddings; print([m for m in ('torch', 'sklearn') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
