"""Texts as points: scikit-learn's own example, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest

from cai_ui.config.experiments import ClustersSettings
from cai_ui.errors import InputError
from cai_ui.experiments.embedding import distances, embed, mean_distance, tf_idf, two_dimensions

COUNTS = [[3, 0, 1], [2, 0, 0], [3, 0, 0], [4, 0, 0], [3, 2, 0], [3, 0, 2]]
PUBLISHED = [
    [0.85151335, 0, 0.52433293], [1, 0, 0], [1, 0, 0], [1, 0, 0], [0.55422893, 0.83236428, 0],
    [0.63035731, 0, 0.77630514],
]  # fmt: skip
"""Of the user guide of scikit-learn, "Tf-idf term weighting", with its default of a smooth idf."""


def test_the_published_example() -> None:
    texts = [[word for word, count in zip("abc", row, strict=True) for _ in range(count)] for row in COUNTS]
    assert tf_idf(texts) == pytest.approx(np.array(PUBLISHED), abs=1e-8)


def test_distances() -> None:
    points = embed(["Read the diary.", "read THE diary", "Bake a cake.", "", "…"], ClustersSettings())
    apart = distances(points)
    assert apart[0, 1] == pytest.approx(0, abs=1e-12) and apart[0, 2] == pytest.approx(1)
    assert apart[3, 4] == 1  # without words nothing is in common
    assert np.isnan(mean_distance(points[:1]))
    assert mean_distance(points[:3]) == pytest.approx(2 / 3)


def test_two_dimensions_of_points_that_lie_in_two() -> None:
    flat = np.random.default_rng(1).normal(size=(12, 2)) @ np.array([[1.0, 0, 1], [0, 2.0, 0]])
    places, kept = two_dimensions(flat)
    assert kept == pytest.approx(1)
    assert np.linalg.norm(places[0] - places[1]) == pytest.approx(np.linalg.norm(flat[0] - flat[1]))
    assert two_dimensions(np.ones((3, 4)))[0] == pytest.approx(np.zeros((3, 2)))


def test_a_model_that_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match=r"sentence-transformers|cannot be loaded"):
        embed(["a"], ClustersSettings(embedding="sentence-transformers", embedding_model="/none/such"))
