"""The regularised least-squares object of an image that covers only a part of the grid.

A Wiener filter needs samples on the whole grid. Where there are none (the gap beyond the edges, masked samples) the
object that minimises ``|M (H x - y)|^2 + sum(penalty |X|^2)``, M being 1 where there are samples, has no closed form;
a few steps of conjugate gradients, preconditioned with the Wiener filter itself, come close from a filtered guess.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._arrays import COMPLEX_OF, Array, dtype_name
from ..backends import Backend
from ._frame import Frame


def conjugate_steps(
    guess: Array,
    block: Array,
    valid: Array | None,
    transfer: Array,
    penalty: Array,
    frame: Frame,
    steps: int,
    backend: Backend,
    workers: int,
    step: Callable[[], None],
) -> Array:
    """The object's spectrum after some steps.

    Parameters
    ----------
    guess : array
        Spectrum to start from.
    block : array
        The image, of mean 0.
    valid : array of bool or None
        Which of its samples count.
    transfer, penalty : array
        H, and the weight of the object's power at each frequency; spectra on the frame's grid.
    """
    xp = backend.xp
    axes = tuple(range(block.ndim))
    dtype = dtype_name(block.dtype)
    real = not dtype.startswith("complex")
    kind = COMPLEX_OF.get(dtype, dtype)
    total = backend.astype(xp.real(transfer) ** 2 + xp.imag(transfer) ** 2 + penalty, kind)
    penalty = backend.astype(penalty, kind)
    twice = _multiplicity(frame.grid, real, xp, block)

    def seen(values: Array) -> Array:
        """``H^T M values``, from the samples of the image alone."""
        kept = values if valid is None else xp.where(valid, values, xp.zeros_like(values))
        grid = backend.empty(frame.grid, dtype)
        backend.assign(grid, ..., 0)
        backend.assign(grid, frame.key, kept)
        return xp.conj(transfer) * backend.fft(grid, frame.grid, axes, workers)

    def normal(spectrum: Array) -> Array:
        blurred = backend.ifft(spectrum * transfer, frame.grid, axes, workers, real)[frame.key]
        return seen(blurred) + penalty * spectrum

    def dot(a: Array, b: Array) -> float:
        return float(xp.sum(twice * (xp.real(a) * xp.real(b) + xp.imag(a) * xp.imag(b))))

    found = guess
    residual = seen(block) - normal(found)
    scaled = residual / total
    direction = scaled
    size = dot(residual, scaled)
    for _ in range(steps):
        if not size > 0:
            break
        applied = normal(direction)
        length = size / dot(direction, applied)
        found = found + length * direction
        residual = residual - length * applied
        scaled = residual / total
        size, before = dot(residual, scaled), size
        direction = scaled + (size / before) * direction
        step()
    return found


def _multiplicity(grid: tuple[int, ...], real: bool, xp: object, like: Array) -> Array:
    """How many frequencies of the full spectrum each column of the (half) spectrum stands for."""
    count = grid[-1] // 2 + 1 if real else grid[-1]
    twice = np.ones(count)
    if real:
        twice[1 : (grid[-1] + 1) // 2] = 2.0
    precision = "float32" if dtype_name(like.dtype) in ("float32", "complex64") else "float64"
    return xp.asarray(twice.tolist(), dtype=getattr(xp, precision), device=like.device)  # type: ignore[attr-defined]
