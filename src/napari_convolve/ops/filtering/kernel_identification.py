"""Identify the kernel that turns one image into another.

``after[i] = sum_j w[j] before[i + c - j] + offset + noise`` is linear in the weights, so that those of least squared
error solve a small system of equations. A natural image has little power at high frequencies, where it does not
determine the weights. A Gaussian prior does: neighbouring weights are similar, and those far from the centre are small.
Its two lengths and its scale maximise the evidence of the pair of images (type II maximum likelihood); the posterior
covariance gives the uncertainty.

References: D. J. C. MacKay, "Bayesian interpolation", Neural Computation 4 (1992) 415; G. Pillonetto and
G. De Nicolao, "A new kernel-based approach for linear system identification", Automatica 46 (2010) 81.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import Array, short_repr
from ..._progress import Task
from ...backends import Backend
from ...kernels import Kernel
from ..execution.batches import without_psf

#: Regularization of weights that the images do not determine.
WEIGHT_REGULARIZATIONS = ("auto", "none")
#: Bytes of one block of equations.
_BLOCK = 8 << 20
#: Candidates of the prior: correlation length (in weights), and length over which weights fall off (in half sizes).
_ALIKE, _FALLS = (0.0, 0.7, 1.5, 3.0), (math.inf, 0.7, 0.35)
#: Candidates of the prior variance of a weight: logarithms (base 10), relative to that from the data.
_SCALES = np.arange(-8, 8.01, 0.25)
#: An image whose variance is below this share of its squared mean is constant.
_FLAT = 1e-24
#: Half width of a 99 % interval, in standard errors.
_TWO_SIDED = 2.576


@dataclass(frozen=True, eq=False, repr=False)
class KernelEstimate:
    """A kernel identified from a pair of images; made by `estimate_kernel`.

    Attributes
    ----------
    kernel : Kernel
        ``convolve(before, kernel) + offset`` is closest to the second image.
    standard_error : ndarray
        Of each weight of the kernel.
    uncertainty : ndarray
        Half the width of the 99 % interval of each weight.
    offset : float
        Constant that was added.
    noise : float
        Standard deviation of the residual.
    explained : float
        Share of the second image's variance that the kernel explains, 1 for all of it.
    samples : int
        Number of samples, and so of equations, that were used.
    reason : str
        How the weights were found, in a sentence.
    """

    kernel: Kernel
    standard_error: np.ndarray
    offset: float
    noise: float
    explained: float
    samples: int
    reason: str

    __repr__ = short_repr

    @property
    def values(self) -> np.ndarray:
        """The kernel's weights."""
        return self.kernel.values

    @property
    def uncertainty(self) -> np.ndarray:
        """Half the width of the 99 % interval of each weight."""
        return _TWO_SIDED * self.standard_error

    def __str__(self) -> str:
        size = " x ".join(map(str, self.kernel.shape))
        error = float(np.linalg.norm(self.standard_error)) / max(float(np.linalg.norm(self.values)), 1e-300)
        return (
            f"kernel of {size} from {self.samples} samples: explains {self.explained:.4%} of the variance, "
            f"noise {self.noise:.4g}, offset {self.offset:.4g}, standard error of all weights {error:.2%} "
            f"({self.reason})"
        )


@dataclass
class Equations:
    """The normal equations of the weights, the constant last."""

    gram: np.ndarray
    right: np.ndarray
    square: float = 0.0
    count: int = 0

    @classmethod
    def none(cls, taps: int) -> Equations:
        """No equation yet."""
        return cls(np.zeros((taps, taps)), np.zeros(taps))

    def centred(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Eliminate the constant: Gram matrix, right side and sum of squares about the means."""
        n = self.count
        sums, total = self.gram[-1, :-1], self.right[-1]
        gram = self.gram[:-1, :-1] - np.outer(sums, sums) / n
        return gram, self.right[:-1] - sums * total / n, self.square - total**2 / n


def add_equations(
    equations: Equations,
    before: Array,
    after: Array,
    valid: tuple[Array, Array] | None,
    size: Sequence[int],
    backend: Backend,
    task: Task,
) -> None:
    """Add one equation for each sample whose whole window lies inside the image, and is valid like the result."""
    xp = backend.xp
    kept = [n - k + 1 for n, k in zip(before.shape, size, strict=True)]
    centre = [k // 2 for k in size]
    taps = list(itertools.product(*(range(k) for k in size)))
    per_row = 8 * (len(taps) + 1) * math.prod(kept[1:])
    rows = max(1, _BLOCK // max(per_row, 1))
    for start in range(0, kept[0], rows):
        stop = min(start + rows, kept[0])

        def window(
            array: Array, offset: Sequence[int], first: int = start, last: int = stop, kept: Sequence[int] = kept
        ) -> Array:
            head = slice(first + offset[0], last + offset[0])
            tail = (slice(o, o + n) for o, n in zip(offset[1:], kept[1:], strict=True))
            return xp.reshape(array[(head, *tail)], (-1,))

        # w[j] is multiplied with before[i + c - j]; i is the start of the window plus k - 1 - c
        columns = [window(before, [k - 1 - j for k, j in zip(size, tap, strict=True)]) for tap in taps]
        target = window(after, [k - 1 - c for k, c in zip(size, centre, strict=True)])
        matrix = xp.stack([*columns, xp.ones_like(target)], axis=0)
        if valid is not None:
            there = window(valid[1], [k - 1 - c for k, c in zip(size, centre, strict=True)])
            for tap in taps:
                there = there & window(valid[0], tap)
            matrix, target = matrix[:, there], target[there]
        gram = xp.matmul(matrix, xp.matrix_transpose(matrix))
        equations.gram += np.asarray(backend.to_host(gram))
        equations.right += np.asarray(backend.to_host(xp.matmul(matrix, target)))
        equations.square += float(xp.sum(target * target))
        equations.count += int(target.shape[0])
        task.advance(stop - start)


#: An image, and which of its samples count (None for all).
Given = tuple[Array, Array | None]


def identify_kernel(
    before: Given,
    after: Given,
    axes: tuple[int, ...],
    size: tuple[int, ...],
    regularization: str,
    backend: Backend,
    task: Task,
) -> KernelEstimate:
    """See `napari_convolve.estimate_kernel`; `axes` rise, `size` is the number of weights along each.

    Raises
    ------
    ValueError
        When too few samples are left, or `before` does not vary.
    """
    xp, shape = backend.xp, tuple(before[0].shape)
    equations = Equations.none(math.prod(size) + 1)
    items = without_psf(shape, axes)
    task.begin(items.count() * (shape[axes[0]] - size[0] + 1))
    level = [_mean(image, valid, xp) for image, valid in (before, after)]
    masked = before[1] is not None or after[1] is not None
    for key in items.item_keys():
        blocks, flags = [], []
        for (image, valid), mean in zip((before, after), level, strict=True):
            block = backend.astype(image[key], "float64") - mean
            there = xp.ones_like(block, dtype=xp.bool) if valid is None else valid[key]
            blocks.append(block if valid is None else xp.where(there, block, xp.zeros_like(block)))
            flags.append(there)
        valid = (flags[0], flags[1]) if masked else None
        add_equations(equations, blocks[0], blocks[1], valid, size, backend, task)
    if equations.count < len(equations.right) + 1:
        raise ValueError(
            f"size={size} asks for {math.prod(size)} weights; only {equations.count} samples have a whole window that "
            "counts"
        )
    gram, right, square = equations.centred()
    if not float(np.diag(gram).max()) > _FLAT * equations.count * level[0] ** 2:
        raise ValueError("image is constant; nothing tells what was done to it")
    if regularization == "none":
        weights, covariance, noise = _least_squares(gram, right, square, equations.count)
        reason = "least squares"
    else:
        weights, covariance, noise, reason = _most_likely(gram, right, square, equations.count, size)
    residual = square - 2 * float(right @ weights) + float(weights @ gram @ weights)
    constant = (equations.right[-1] - float(equations.gram[-1, :-1] @ weights)) / equations.count
    return KernelEstimate(
        Kernel(weights.reshape(size)),
        np.sqrt(np.maximum(np.diag(covariance), 0.0)).reshape(size),
        float(constant + level[1] - level[0] * weights.sum()),
        math.sqrt(noise),
        float(1 - max(residual, 0.0) / square) if square > 0 else 1.0,
        equations.count,
        reason,
    )


def _mean(image: Array, valid: Array | None, xp: Any) -> float:
    if valid is None:
        return float(xp.mean(xp.astype(image, xp.float64)))
    counted = xp.where(valid, xp.astype(image, xp.float64), xp.zeros_like(image, dtype=xp.float64))
    return float(xp.sum(counted)) / int(xp.count_nonzero(valid))


def _least_squares(
    gram: np.ndarray, right: np.ndarray, square: float, count: int
) -> tuple[np.ndarray, np.ndarray, float]:
    inverse = np.linalg.pinv(gram, hermitian=True, rcond=1e-14)
    weights = inverse @ right
    rest = max(square - float(right @ weights), 0.0)
    noise = rest / max(count - len(right) - 1, 1)
    return weights, noise * inverse, noise


def _most_likely(
    gram: np.ndarray, right: np.ndarray, square: float, count: int, size: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, float, str]:
    """The weights under the prior of greatest evidence, with the noise variance integrated out."""
    best: tuple[float, float, float, float] | None = None
    roundings = 1e-14 * square + np.finfo(float).tiny
    for alike, falls in itertools.product(_ALIKE, _FALLS):
        root = _prior_root(size, alike, falls)
        values, vectors = np.linalg.eigh(root.T @ gram @ root)
        values, projected = np.maximum(values, 0.0), vectors.T @ (root.T @ right)
        scales = 10.0**_SCALES / max(float(values.max()), 1e-300) * count
        gains = scales[:, None] * values + 1
        # square - right' A^-1 right, in the basis where A is diagonal
        rest = np.maximum(square - (scales[:, None] * projected**2 / gains).sum(axis=1), roundings)
        surprise = (count - 1) * np.log(rest / max(count - 1, 1)) + np.log(gains).sum(axis=1)
        i = int(np.argmin(surprise))
        if best is None or surprise[i] < best[0]:
            best = (float(surprise[i]), alike, falls, float(scales[i]))
    assert best is not None
    _, alike, falls, scale = best
    root = math.sqrt(scale) * _prior_root(size, alike, falls)
    values, vectors = np.linalg.eigh(root.T @ gram @ root)
    values = np.maximum(values, 0.0)
    basis = root @ vectors
    weights = basis @ ((basis.T @ right) / (values + 1))
    noise = max(square - float(right @ weights), roundings) / max(count - 1, 1)
    covariance = noise * (basis / (values + 1)) @ basis.T
    words = [f"neighbours alike over {alike:g} samples" if alike else "neighbours independent"]
    if math.isfinite(falls):
        words.append("small far from the centre")
    return weights, covariance, noise, f"weights taken to be {' and '.join(words)}, which the images make most likely"


def _prior_root(size: Sequence[int], alike: float, falls: float) -> np.ndarray:
    """A square root of the prior covariance of the weights."""
    root = np.ones((1, 1))
    for n in size:
        place = np.arange(n) - n // 2
        covariance = np.eye(n) if not alike else np.exp(-((place[:, None] - place) ** 2) / (2 * alike**2))
        if math.isfinite(falls):
            envelope = np.exp(-((place / (falls * max(n / 2, 1))) ** 2) / 2)
            covariance = covariance * np.outer(envelope, envelope)
        values, vectors = np.linalg.eigh(covariance)
        root = np.kron(root, vectors * np.sqrt(np.maximum(values, 1e-12 * values[-1])))
    return root
