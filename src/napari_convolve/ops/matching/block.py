"""A block of an image prepared for normalised cross-correlation with any number of templates.

The median is subtracted and missing samples are separated once. Spectra are computed when first needed and kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from ..._arrays import Array, all_finite, by_axis, dtype_name, index_along
from ...backends import SESSION, Backend
from ...methods import PreparedKernel, valid_key
from ...methods._compiled import flat
from ...methods.fft import inverse, kernel_spectrum
from ..filtering.normalized_convolution import split_missing
from . import ncc_numba

#: Samples are scaled when their root mean square lies outside this range, so that fourth powers do not overflow.
_SMALL, _LARGE = 1e-9, 1e9
#: The median is taken over about this many samples.
_SAMPLED = 4096
_EPS = float(np.finfo(np.float64).eps)


class Block:
    """Samples of an image less their median, in the forms that scores are computed from.

    Attributes
    ----------
    axes : tuple of int
        The acted axes, rising.
    there : array of bool or None
        The samples that count; None for all.
    bad : array of bool or None
        Non-finite samples, which make all their windows NaN; None when there are none, or they are left out.
    offset, scale, rms : float
        The samples are ``(raw - offset) * scale``, their root mean square is `rms`.
    plain : bool
        Whether compiled loops read the samples in place.
    """

    def __init__(
        self, raw: Array, valid: Array | None, axes: tuple[int, ...], omit: bool, backend: Backend, workers: int
    ) -> None:
        self.raw, self.axes, self.backend, self.workers = raw, axes, backend, workers
        self.there, self.bad, self.scale = None, None, 1.0
        self.grid = [backend.fast_length(raw.shape[a]) for a in axes]
        self._spectra: dict[tuple[str, str], Array] = {}
        self.plain = valid is None and self._centre_in_place()
        if self.plain:
            return
        clean = raw
        if valid is not None and bool(backend.xp.all(valid)):
            valid = None
        if valid is not None or not all_finite(raw, backend.xp):
            clean, self.there, self.bad = split_missing(raw, valid, omit, backend.xp)
        kept = self.there
        if self.bad is not None:
            kept = ~self.bad if kept is None else kept & ~self.bad
        self.samples, self.offset, self.scale, self.rms = _centred(clean, kept, backend)

    def _centre_in_place(self) -> bool:
        """Centre by a compiled loop that reads the samples in their own dtype; False when it does not apply."""
        raw = self.raw
        if self.backend.name != "numpy" or len(self.axes) > 2 or self.axes != tuple(range(raw.ndim))[-len(self.axes) :]:
            return False
        name = raw.dtype.name
        if name not in ncc_numba.READ or not raw.size or not in_rows(raw):
            return False
        self.offset = _median(raw, None, np)
        if not math.isfinite(self.offset):
            return False
        wanted = "float64" if name == "float64" else "float32"
        centre = self.loop("centre", name, wanted)
        if centre is None:
            return False
        padded = self._zero_padded(wanted)
        ny, nx = raw.shape[-2] if len(self.axes) == 2 else 1, raw.shape[-1]
        power = 0.0
        samples, found = memory_planes(raw, len(self.axes))
        for plane, start, row in found:
            power += centre(samples, start, row, ny, nx, self.offset, padded[plane].reshape(-1, padded.shape[-1]))
        self.rms = math.sqrt(power / raw.size) if power >= 0 else math.nan
        self._padded = padded
        return _SMALL < self.rms < _LARGE  # False also for NaN, and when all samples are equal

    def _zero_padded(self, dtype: str) -> np.ndarray:
        """A buffer on the grid of the transforms, 0 beyond the block."""
        shape = list(self.raw.shape)
        for axis, length in zip(self.axes, self.grid, strict=True):
            shape[axis] = length
        buffer = SESSION.scratch("scores.centred", tuple(shape), dtype)
        for axis in self.axes:
            buffer[index_along(buffer.ndim, axis, slice(self.raw.shape[axis], None))] = 0
        return buffer

    @cached_property
    def samples(self) -> Array:
        """In float64, 0 where they are missing."""
        return self.backend.astype(self.raw, "float64") - self.offset

    @cached_property
    def squares(self) -> Array:
        return self.samples * self.samples

    @cached_property
    def fourth(self) -> float:
        """Sum of the fourth powers of the samples."""
        return float(self.backend.xp.sum(self.squares * self.squares))

    def form(self, name: str, dtype: str) -> Array:
        """The ``"samples"``, their ``"squares"``, or 1 where samples are ``"there"``, in a dtype."""
        if self._is_padded(name, dtype):
            return self._padded[tuple(slice(0, n) for n in self.raw.shape)]
        source = self.there if name == "there" else self.squares if name == "squares" else self.samples
        return self.backend.astype(source, dtype)

    def _is_padded(self, name: str, dtype: str) -> bool:
        return name == "samples" and self.plain and dtype == dtype_name(self._padded.dtype)

    def spectrum(self, name: str, dtype: str) -> Array:
        """Spectrum of a form, kept for the next template."""
        key = (name, dtype)
        if key not in self._spectra:
            form = self._padded if self._is_padded(name, dtype) else self.form(name, dtype)
            self._spectra[key] = self.backend.fft(form, self.grid, self.axes, self.workers)
        return self._spectra[key]

    def correlate(self, name: str, weights: PreparedKernel) -> Array:
        """Sums of a form over all windows inside the block by FFT, in the dtype of the weights, like `Method.run`."""
        backend, axes, dtype = self.backend, self.axes, str(weights.values.dtype)
        spectrum = self.spectrum(name, dtype)
        kernel = kernel_spectrum(weights, self.grid, self.raw.ndim, backend, self.workers)
        starts = [k - 1 for k in weights.values.shape]
        lengths = [self.raw.shape[a] - s for a, s in zip(axes, starts, strict=True)]
        if backend.name != "numpy":
            result = backend.ifft(spectrum * kernel, self.grid, axes, self.workers, True)
            return result[valid_key(result.ndim, axes, starts, lengths)]
        product = SESSION.scratch("scores.product", spectrum.shape, str(spectrum.dtype))
        np.multiply(spectrum, kernel, out=product)
        return inverse(product, self.grid, axes, starts, lengths, self.workers)

    @staticmethod
    def loop(name: str, *dtypes: str) -> Callable[..., Any] | None:
        """A compiled loop of `ncc_numba`; None when it is not ready."""
        key = ("scores", name, *dtypes)
        if key not in SESSION.ready():
            return None
        return SESSION.compiled(key, partial(ncc_numba.compile_loop, name, dtypes))


class WindowNorms(NamedTuple):
    """Denominators of the NCC: norm of the mean-subtracted samples of each window, 0 where the window is flat."""

    values: Array
    #: The smallest norm that is not 0.
    lowest: float


def box_norms(block: Block, lengths: tuple[int, ...], dtype: str, resolution: float) -> WindowNorms:
    """Norms where all samples of a window count; `resolution` as in `BestScores`."""
    rounding = 2 * (sum(lengths) + 4) * _EPS  # as many additions at most per window
    count = math.prod(lengths)
    step = 0.5 * math.sqrt(count) * resolution
    loop = block.loop("box_norms", dtype_name(block.raw.dtype), dtype) if block.plain else None
    if loop is not None:
        return _compiled_box_norms(block, lengths, dtype, rounding, step, loop)
    total = box_sums(block.samples, block.axes, lengths, block.backend)
    second = box_sums(block.squares, block.axes, lengths, block.backend)
    mean = total * (1.0 / count)
    scatter = second - total * mean
    coarse = step * (mean + block.offset * block.scale)
    return norms_of_scatter(scatter, rounding * second + coarse * coarse, dtype, block.backend)


def _compiled_box_norms(
    block: Block, lengths: tuple[int, ...], dtype: str, rounding: float, step: float, loop: Callable[..., Any]
) -> WindowNorms:
    raw, acted = block.raw, len(lengths)
    ky, kx = lengths if acted == 2 else (1, lengths[0])
    my, mx = raw.shape[-2] if acted == 2 else 1, raw.shape[-1]
    shape = tuple(n - k + 1 for n, k in zip(raw.shape[raw.ndim - acted :], lengths, strict=True))
    values = SESSION.scratch("scores.norms", (*raw.shape[: raw.ndim - acted], *shape), dtype)
    work = SESSION.scratch("scores.lines", (ky, 2 * (ncc_numba.STRIP + 2 * kx)), "float64")
    (samples, found), lowest = memory_planes(raw, acted), math.inf
    for index, start, row in found:
        plane = values[index].reshape(-1, shape[-1])
        least = loop(samples, start, row, my, mx, block.offset, ky, kx, rounding, step, work, plane)
        lowest = min(lowest, float(least))
    return WindowNorms(values, lowest)


def norms_of_scatter(scatter: Array, floor: Array, dtype: str, backend: Backend) -> WindowNorms:
    """Norms from sums of squared deviations; deviations up to `floor` are rounding and count as 0."""
    xp = backend.xp
    values = xp.sqrt(backend.astype(xp.where(scatter > floor, scatter, xp.zeros_like(scatter)), dtype))
    varies = values > 0
    if not bool(xp.any(varies)):
        return WindowNorms(values, math.inf)
    infinite = xp.asarray(math.inf, dtype=values.dtype, device=values.device)
    return WindowNorms(values, float(xp.min(xp.where(varies, values, infinite))))


def box_sums(array: Array, axes: Sequence[int], lengths: Sequence[int], backend: Backend) -> Array:
    """Sums over all windows of `lengths` along `axes` inside the array; no rounding comes from outside a window."""
    for axis, length in zip(axes, lengths, strict=True):
        array = _line_sums(array, axis, length, backend)
    return array


def _line_sums(array: Array, axis: int, length: int, backend: Backend) -> Array:
    """Sums along an axis: from each sample to the end of its section, plus from the start of the next section.

    M. van Herk, Pattern Recognit. Lett. 13 (1992) 517, with sums for maxima.
    """
    if length == 1:
        return array
    xp = backend.xp
    size, number = array.shape[axis], array.shape[axis] - length + 1
    sections = -(-size // length)
    if sections * length > size:
        shape = list(array.shape)
        shape[axis] = sections * length - size
        array = xp.concat([array, xp.zeros(tuple(shape), dtype=array.dtype, device=array.device)], axis=axis)
    shape = list(array.shape)
    parts = xp.reshape(array, (*shape[:axis], sections, length, *shape[axis + 1 :]))
    back = index_along(parts.ndim, axis + 1, slice(None, None, -1))
    after = xp.reshape(xp.cumulative_sum(parts[back], axis=axis + 1)[back], tuple(shape))
    before = xp.reshape(xp.cumulative_sum(parts, axis=axis + 1), tuple(shape))
    after = after[valid_key(array.ndim, (axis,), (0,), (number,))]
    before = before[valid_key(array.ndim, (axis,), (length - 1,), (number,))]
    whole = xp.arange(number, device=array.device) % length == 0
    whole = xp.reshape(whole, by_axis(array.ndim, (axis,), (number,), 1))
    return after + xp.where(whole, xp.zeros_like(before), before)


def in_rows(array: np.ndarray) -> bool:
    """Whether neighbours along the last axis are neighbours in memory, and no axis runs backwards."""
    return array.strides[-1] == array.itemsize and all(s > 0 for s in array.strides)


def memory_planes(array: np.ndarray, acted: int) -> tuple[np.ndarray, list[tuple[tuple[int, ...], int, int]]]:
    """Flat memory, and for each plane (or line) of the last axes its index, start, and distance between rows."""
    held, begin = _flat_memory(array)
    steps = [s // array.itemsize for s in array.strides]
    row = steps[-2] if acted == 2 else 0
    indices = np.ndindex(array.shape[: array.ndim - acted])
    return held, [(i, begin + sum(n * s for n, s in zip(i, steps, strict=False)), row) for i in indices]


def _flat_memory(array: np.ndarray) -> tuple[np.ndarray, int]:
    """Flat memory that holds an array, and the position of the array's first sample in it."""
    base = array.base
    if array.flags.c_contiguous:
        return array.reshape(-1), 0
    if isinstance(base, np.ndarray) and base.dtype == array.dtype and base.flags.c_contiguous:
        start = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
        return base.reshape(-1), start // array.itemsize
    return flat(array), 0


def _centred(clean: Array, kept: Array | None, backend: Backend) -> tuple[Array, float, float, float]:
    """Samples in float64 less their median and scaled, 0 where not `kept`; median, scale and RMS."""
    xp = backend.xp
    wide = backend.astype(clean, "float64")
    offset = _median(wide, kept, xp)
    wide = wide - offset
    if kept is not None:
        wide = xp.where(kept, wide, xp.zeros_like(wide))
    scale, rms = 1.0, _rms(wide, xp)
    if not _SMALL < rms < _LARGE:
        largest = float(xp.max(xp.abs(wide)))
        scale = 1.0 if largest == 0 else 1.0 / largest if largest > 1e-300 else 1e300
        wide = wide * scale
        rms = _rms(wide, xp)
    return wide, offset, scale, rms


def _rms(wide: Array, xp: Any) -> float:
    size = math.prod(wide.shape)
    return math.sqrt(float(xp.sum(wide * wide)) / size) if size else 0.0


def _median(block: Array, kept: Array | None, xp: Any) -> float:
    """Median of some of the samples; unlike the mean it does not follow a single sample of 1e10."""
    step = max(1, math.ceil((math.prod(block.shape) / _SAMPLED) ** (1 / block.ndim)))
    key = (slice(None, None, step),) * block.ndim
    some = block[key] if kept is None else block[key][kept[key]]
    if some.size == 0:
        some = block if kept is None else block[kept]
    if some.size == 0:
        return 0.0
    return float(xp.sort(xp.reshape(some, (-1,)))[some.size // 2])
