"""Point spread functions prepared for deconvolution: checked, of sum 1, with transfer functions on any grid."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..._arrays import COMPLEX_OF, REAL_OF, Array
from ...backends import Backend
from ...kernels import Kernel

#: Imaginary parts below this share of the largest weight are the rounding of a transfer function in float32.
_IMAGINARY = 1e-6
#: Share of the weights that may lie outside a PSF's support radius.
_TAIL = 0.01


@dataclass(frozen=True, eq=False)
class Psf:
    """Weights of sum 1 (float64 or complex128), axes in the block's order; `center` is the index of zero shift."""

    values: np.ndarray
    center: tuple[int, ...]

    @property
    def is_complex(self) -> bool:
        return self.values.dtype.kind == "c"

    @cached_property
    def digest(self) -> str:
        """Identifies the PSF by value."""
        head = repr((self.values.shape, self.values.dtype.str, self.center)).encode()
        return hashlib.blake2b(head + np.ascontiguousarray(self.values).tobytes(), digest_size=16).hexdigest()

    @cached_property
    def reach(self) -> tuple[int, ...]:
        """Support radius along each axis: the distance from the centre within which lie 99 percent of the weights."""
        return self.holding(_TAIL)

    def holding(self, tail: float) -> tuple[int, ...]:
        """For each axis the distance from the centre beyond which lies at most this share of the weights."""
        weights = np.abs(self.values)
        found = []
        for axis, center in enumerate(self.center):
            profile = weights.sum(axis=tuple(a for a in range(weights.ndim) if a != axis))
            distance = np.abs(np.arange(profile.size) - center)
            by_distance = np.bincount(distance, profile)
            beyond = by_distance.sum() - np.cumsum(by_distance)
            found.append(int(np.argmax(beyond <= tail * by_distance.sum())))
        return tuple(found)

    def symmetric(self, rounding: float) -> np.ndarray | None:
        """The weights around the centre, of odd lengths, if they are mirror-symmetric; else None.

        `rounding` is the sum of weights that may differ or lie outside.
        """
        halves = [min(c, n - 1 - c) for c, n in zip(self.center, self.values.shape, strict=True)]
        around = self.values[tuple(slice(c - h, c + h + 1) for c, h in zip(self.center, halves, strict=True))]
        if np.abs(self.values).sum() - np.abs(around).sum() > rounding:
            return None
        return around if np.abs(around - np.flip(around)).sum() <= rounding else None

    def transfer(self, grid: Sequence[int], dtype: str, backend: Backend, workers: int) -> Array:
        """Transfer function on a grid at least as large, as `Backend.fft` gives it for blocks of `dtype`.

        The centre is rolled to index 0, so that a product does not shift, for even and odd lengths.
        """
        real = np.dtype(REAL_OF.get(dtype, dtype))
        kind = COMPLEX_OF[real.name] if self.is_complex or dtype.startswith("complex") else real.name
        rolled = np.zeros(tuple(grid), kind)
        corner = tuple(slice(0, n) for n in self.values.shape)
        rolled[corner] = self.values
        rolled = np.roll(rolled, [-c for c in self.center], axis=tuple(range(rolled.ndim)))
        return backend.fft(backend.to_device(rolled), grid, range(rolled.ndim), workers)


@dataclass(frozen=True, eq=False)
class PsfSet:
    """One PSF for all batch items, or one for each; acted axes ascending, and the batch axes."""

    axes: tuple[int, ...]
    batch: tuple[int, ...]
    shape: tuple[int, ...]
    psfs: tuple[Psf, ...]

    @property
    def is_complex(self) -> bool:
        return any(psf.is_complex for psf in self.psfs)

    @property
    def size(self) -> tuple[int, ...]:
        """Length of the PSF along each acted axis."""
        return self.psfs[0].values.shape

    def items(self) -> Iterator[tuple[tuple[slice | int, ...], Psf]]:
        """For each batch item the key of its block in the image, and its PSF."""
        for number, key in enumerate(self.item_keys()):
            yield key, self.psfs[number if len(self.psfs) > 1 else 0]

    def item_keys(self) -> Iterator[tuple[slice | int, ...]]:
        """For each batch item the key of its block in the image."""
        for at in itertools.product(*(range(self.shape[a]) for a in self.batch)):
            where = dict(zip(self.batch, at, strict=True))
            yield tuple(where.get(a, slice(None)) for a in range(len(self.shape)))

    def count(self) -> int:
        """Number of batch items."""
        return int(np.prod([self.shape[a] for a in self.batch], dtype=int))


def psf_set(kernel: Kernel, shape: tuple[int, ...], axes: tuple[int, ...], *, negative: bool) -> PsfSet:
    """Check a PSF against the shape of an image, normalise it, and split it along the batch axes when it has them.

    Parameters
    ----------
    kernel : Kernel
        With one axis for each of `axes` in their order, or one for each of the image (lengths 1 or the image's
        along the batch axes).
    axes : tuple of int
        The acted axes, non-negative.
    negative : bool
        Whether negative weights are allowed.

    Raises
    ------
    ValueError
        When it does not fit, is negative, or sums to zero.
    """
    values, center = kernel.values, kernel.center
    ordered = tuple(sorted(axes))
    batch = tuple(a for a in range(len(shape)) if a not in ordered)
    if values.ndim == len(axes):
        turn = [axes.index(a) for a in ordered]
        blocks = [np.transpose(values, turn)]
        center = tuple(center[t] for t in turn)
    else:
        lengths = tuple(values.shape[a] for a in batch)
        wanted = tuple(shape[a] for a in batch)
        if any(have not in (1, want) for have, want in zip(lengths, wanted, strict=True)):
            raise ValueError(f"psf has lengths {lengths} along the batch axes {batch}; they must be 1 or {wanted}")
        center = tuple(center[a] for a in ordered)
        full = np.broadcast_to(values, tuple(shape[a] if a in batch else values.shape[a] for a in range(len(shape))))
        full = np.moveaxis(full, batch, range(len(batch)))
        count = 1 if all(n == 1 for n in lengths) else int(np.prod(wanted, dtype=int))
        blocks = list(full.reshape(-1, *(values.shape[a] for a in ordered))[:count])
    for axis, n in zip(ordered, blocks[0].shape if blocks else (), strict=bool(blocks)):
        if n > shape[axis]:
            raise ValueError(
                f"psf is {n} long along axis {axis}, the image only {shape[axis]}; crop it around its centre"
            )
    return PsfSet(ordered, batch, shape, tuple(Psf(_unit(b, kernel.name, negative), center) for b in blocks))


def _unit(values: np.ndarray, name: str, negative: bool) -> np.ndarray:
    """The weights divided by their sum."""
    size = float(np.abs(values).max(initial=0.0))
    if size == 0:
        raise ValueError(f"psf {name!r} is zero everywhere; it cannot be normalised to sum 1")
    values = values / size  # by the largest first, since the sum of very small weights may have no finite inverse
    if values.dtype.kind == "c" and np.abs(values.imag).max() <= _IMAGINARY:
        values = values.real
    if not negative and values.dtype.kind == "f" and float(values.min()) < -_IMAGINARY:
        count, low = int(np.count_nonzero(values < -_IMAGINARY)), float(values.min()) * size
        raise ValueError(
            f"psf {name!r} has {count} negative weights (down to {low:.3g}); a PSF holds light: clip them to 0"
        )
    total = values.sum()
    if abs(total) <= 1e-7 * np.abs(values).sum():
        raise ValueError(f"psf {name!r} sums to zero; it cannot be normalised to sum 1")
    return np.asarray(values / total)
