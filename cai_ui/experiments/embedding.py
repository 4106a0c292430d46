"""Texts as points of length 1, so that a scalar product is a similarity and what is left to 1 a distance."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cai_ui.config.experiments import ClustersSettings
from cai_ui.errors import InputError

Points = NDArray[np.float64]
_WORD = re.compile(r"[^\W_]+")


def embed(texts: Sequence[str], settings: ClustersSettings) -> Points:
    """One row for each text. InputError where the library or the model is not there."""
    if settings.embedding == "tf-idf":
        return tf_idf([[word.lower() for word in _WORD.findall(text)] for text in texts])
    try:
        from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise InputError(
            "The package sentence-transformers is not installed.", next_step="Install it, or choose tf-idf."
        ) from None
    try:
        model = SentenceTransformer(
            settings.embedding_model, device="cpu", trust_remote_code=False, model_kwargs={"use_safetensors": True}
        )
    except (OSError, ValueError) as error:
        raise InputError(
            f"The embedding model {settings.embedding_model[:80]!r} cannot be loaded ({type(error).__name__}).",
            next_step="Name a folder that holds one, or choose tf-idf.",
        ) from None
    points: Points = np.asarray(model.encode(list(texts), normalize_embeddings=True), dtype=np.float64)
    return points


def tf_idf(texts: Sequence[Sequence[str]]) -> Points:
    """Counts of words, weighed by ln((1 + n) / (1 + texts with the word)) + 1 (the smooth form of scikit-learn), each
    row of length 1; a text without words is the zero point."""
    words = {word: place for place, word in enumerate(sorted({word for text in texts for word in text}))}
    found = np.zeros((len(texts), max(1, len(words))))
    for row, text in enumerate(texts):
        for word, count in Counter(text).items():
            found[row, words[word]] = count
    spread = (found > 0).sum(axis=0)
    found *= np.log((1 + len(texts)) / (1 + spread)) + 1
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    points: Points = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    return points


def distances(points: Points) -> Points:
    """Cosine distance of every point to every other: 0 for the same direction, 1 for nothing in common."""
    apart: Points = np.clip(1 - points @ points.T, 0, 2)
    return apart


def mean_distance(points: Points) -> float:
    """Over all pairs of different rows; NaN for fewer than two."""
    if len(points) < 2:
        return math.nan
    apart = distances(points)
    return float(apart[np.triu_indices(len(points), 1)].mean())


def two_dimensions(points: Points) -> tuple[Points, float]:
    """The two principal components, and the share of the spread that they hold."""
    centred = points - points.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(points), 2))
    known = min(2, len(sizes))
    places[:, :known] = left[:, :known] * sizes[:known]
    total = float((sizes**2).sum())
    return places, float((sizes[:2] ** 2).sum() / total) if total else 1.0
