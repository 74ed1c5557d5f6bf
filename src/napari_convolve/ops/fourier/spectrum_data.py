"""Spectrum of an image: amplitudes and phases over frequencies, their peaks, and their radial mean."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..._arrays import Array, dtype_name, short_repr
from ...backends import Backend, backend_of, get_backend
from .frequency_grid import ring_means, rings_of
from .sinusoids import Wave, find_waves
from .tapers import TAPERS, noise_bandwidth, windowed

#: Amplitudes below this many rounding errors of the largest have no phase.
_ROUNDINGS = 32


@dataclass(frozen=True, eq=False)
class Peaks:
    """Waves of an image, the largest first; `spectrum(image).peaks(n)`.

    An index gives one wave (with numbers instead of arrays), a slice some of them; with batch axes the first index is
    that of a batch item. Arrays are NaN where a batch item has fewer than n waves.

    Attributes
    ----------
    amplitude : ndarray, shape (..., n)
    frequency : ndarray, shape (..., n, ndim)
        Cycles per unit along each axis. Of the two frequencies of a real wave, the one that is positive along the last
        axis where it is not 0.
    phase : ndarray, shape (..., n)
        Degrees of the cosine at the image's first sample.
    """

    amplitude: np.ndarray
    frequency: np.ndarray
    phase: np.ndarray

    def __len__(self) -> int:
        return len(self.amplitude)

    def __getitem__(self, index: int | slice) -> Peaks:
        return Peaks(self.amplitude[index], self.frequency[index], self.phase[index])

    def __iter__(self) -> Iterator[Peaks]:
        return (self[i] for i in range(len(self)))

    @property
    def period(self) -> np.ndarray:
        """Length of a period: the inverse of the length of the frequency."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / np.linalg.norm(self.frequency, axis=-1))

    def __repr__(self) -> str:
        if self.amplitude.ndim > 1:
            return f"Peaks of shape {self.amplitude.shape}"
        rows = zip(np.atleast_1d(self.amplitude), np.atleast_2d(self.frequency), np.atleast_1d(self.phase), strict=True)
        lines = [f"amplitude {a:.6g} at ({', '.join(f'{x:.6g}' for x in f)}), phase {p:.4g}" for a, f, p in rows]
        return "\n".join(lines) or "no peaks"


@dataclass(frozen=True, eq=False, repr=False)
class Radial:
    """Means over rings of equal distance from frequency zero.

    Attributes
    ----------
    frequencies : ndarray, shape (n,)
        Middle of each ring, in cycles per unit; the first is zero. The rings are as wide as the coarsest step of the
        grid, and reach into its corners.
    amplitude, power : ndarray, shape (..., n)
        Mean amplitude, and mean power of a bin; ``sum(power * count)`` is the power of all.
    count : ndarray of int, shape (n,)
        Number of bins in the ring.
    """

    frequencies: np.ndarray
    amplitude: np.ndarray
    power: np.ndarray
    count: np.ndarray

    __repr__ = short_repr


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum:
    """Complex amplitudes of the waves that sum to an image; made by `spectrum`.

    Arrays have the image's shape and library, and the order of `numpy.fft.fftn` along `axes`: frequency zero at index
    0, negative ones after the positive; `centered()` puts zero in the middle.

    Attributes
    ----------
    values : array of complex
        The transform divided by the number of samples (by the sum of the window): the complex amplitude of
        ``exp(2 pi i f x)``.
    frequencies : tuple of ndarray
        Cycles per unit along each of `axes`.
    axes : tuple of int
    spacing : tuple of float
        Distance of neighbouring samples along each of `axes`.
    window : str or None
    real : bool
        Whether the image was real; each wave then has a positive and a negative frequency.
    """

    values: Array
    frequencies: tuple[np.ndarray, ...]
    axes: tuple[int, ...]
    spacing: tuple[float, ...]
    window: str | None
    real: bool

    __repr__ = short_repr

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the values."""
        return tuple(self.values.shape)

    @cached_property
    def amplitude(self) -> Array:
        """Amplitude of the real waves of a real image (0.3 for ``0.3 cos``), of the complex waves of a complex one."""
        backend, xp = self._backend, self._backend.xp
        found = xp.abs(self.values)
        if not self.real:
            return found
        doubled = 2 * found
        for key in self._single():
            backend.assign(doubled, key, found[key])
        return doubled

    @cached_property
    def phase(self) -> Array:
        """Degrees of the cosine at the first sample, -180 to 180; 0 where the amplitude is rounding."""
        xp = self._backend.xp
        angle = xp.atan2(xp.imag(self.values), xp.real(self.values)) * (180 / np.pi)
        size = xp.abs(self.values)
        if 0 in self.shape:
            return angle
        least = _ROUNDINGS * float(np.finfo(dtype_name(size.dtype)).eps) * xp.max(size)
        return xp.where(size > least, angle, xp.zeros_like(angle))

    @cached_property
    def power(self) -> Array:
        """Power of each bin; the sum is the mean square of the image (with a window, of the windowed image)."""
        xp = self._backend.xp
        found = xp.real(self.values) ** 2 + xp.imag(self.values) ** 2
        return found / noise_bandwidth(self.window, [self.shape[a] for a in self.axes])

    def centered(self) -> Spectrum:
        """The same with rising frequencies, zero at index ``N // 2``, for display."""
        if all((np.diff(f) > 0).all() for f in self.frequencies):
            return self
        shifts = [self.shape[a] // 2 for a in self.axes]
        values = self._backend.xp.roll(self.values, tuple(shifts), axis=self.axes)
        return replace(self, values=values, frequencies=tuple(np.fft.fftshift(f) for f in self.frequencies))

    def peaks(self, n: int = 10, *, window: str | None = "hann") -> Peaks:
        """The n largest waves, with frequency, amplitude and phase between the bins.

        Parameters
        ----------
        n : int
            Most waves; fewer are found when only rounding is left.
        window : {"hann", "hamming", "blackman", "flattop"} or None
            Applied first, unless the spectrum already has a window, so that large waves do not mask small ones.

        Examples
        --------
        >>> import numpy as np, napari_convolve as nc
        >>> t = np.arange(1000) / 1000
        >>> wave = 0.3 * np.cos(2 * np.pi * 30.3 * t + np.radians(60))
        >>> nc.spectrum(wave, spacing=1 / 1000).peaks(1)
        amplitude 0.3 at (30.3), phase 60
        """
        if isinstance(n, bool) or not isinstance(n, int | np.integer):
            raise TypeError(f"n={n!r} must be an integer")
        if n < 1:
            raise ValueError(f"n={n} must be at least 1")
        if window is not None and window not in TAPERS:
            raise ValueError(f"window={window!r} is not one of {', '.join(map(repr, TAPERS))} or None")
        blocks, batch = self._blocks()
        rounding = _ROUNDINGS * float(np.finfo(dtype_name(self.values.dtype)).eps)
        found = []
        for block in blocks:
            if self.window is None:
                block = windowed(block, window, range(block.ndim))
            found.append(find_waves(block, self.window or window, self.real, n, rounding))
        if not batch:
            n = len(found[0])
        amplitude, phase = np.full((len(found), n), np.nan), np.full((len(found), n), np.nan)
        frequency = np.full((len(found), n, len(self.axes)), np.nan)
        for i, waves in enumerate(found):
            for j, wave in enumerate(waves):
                amplitude[i, j] = abs(wave.amplitude) * (2 if self.real else 1)
                phase[i, j] = np.degrees(np.angle(wave.amplitude))
                frequency[i, j] = self._frequency(wave)
        return Peaks(
            amplitude.reshape(*batch, n), frequency.reshape(*batch, n, len(self.axes)), phase.reshape(*batch, n)
        )

    def radial(self) -> Radial:
        """Amplitude and power over the length of the frequency, averaged over all directions.

        Examples
        --------
        >>> import numpy as np, napari_convolve as nc
        >>> noise = np.random.default_rng(0).normal(size=(64, 64))
        >>> rings = nc.spectrum(noise, spacing=0.5).radial()
        >>> bool(np.isclose((rings.power * rings.count).sum(), (noise**2).mean()))
        True
        """
        sparse = np.meshgrid(*self.frequencies, indexing="ij", sparse=True)
        steps = [1 / (self.shape[a] * s) for a, s in zip(self.axes, self.spacing, strict=True) if self.shape[a] > 1]
        width = max(steps, default=1.0)
        ring = rings_of(sparse, width)
        count = np.bincount(ring)
        means = []
        for array in (self.amplitude, self.power):
            blocks, batch = self._blocks(array)
            means.append(np.reshape([ring_means(ring, block.ravel()) for block in blocks], (*batch, len(count))))
        return Radial(np.arange(len(count)) * width, means[0], means[1], count)

    @property
    def _backend(self) -> Backend:
        return backend_of(self.values) or get_backend("numpy")

    def _single(self) -> Iterator[tuple[slice | int, ...]]:
        """Indices of the bins that equal their negative frequency."""
        own = []
        for f, step in zip(self.frequencies, self.spacing, strict=True):
            halves = 2 * f * step  # 0 at frequency zero, -1 or 1 at the Nyquist frequency
            own.append([int(i) for i in np.flatnonzero(np.abs(halves - np.round(halves)) < 1e-9)])
        for at in itertools.product(*own):
            where = dict(zip(self.axes, at, strict=True))
            yield tuple(where.get(a, slice(None)) for a in range(len(self.shape)))

    def _blocks(self, array: Array | None = None) -> tuple[list[np.ndarray], tuple[int, ...]]:
        """An array on the host as one block for each batch item, and the shape of the batch axes."""
        host = self._backend.to_host(self.values if array is None else array)
        batch = [a for a in range(host.ndim) if a not in self.axes]
        host = np.transpose(host, [*batch, *self.axes])
        lengths = tuple(self.shape[a] for a in batch)
        if array is None and not (self.frequencies[0][:1] == 0).all():
            host = np.fft.ifftshift(host, axes=range(len(batch), host.ndim))
        wide = np.complex128 if host.dtype.kind == "c" else np.float64
        return list(host.astype(wide).reshape(-1, *host.shape[len(batch) :])), lengths

    def _frequency(self, wave: Wave) -> np.ndarray:
        found = []
        for p, axis, s in zip(wave.place, self.axes, self.spacing, strict=True):
            f = p / self.shape[axis]
            found.append((f - np.round(f) if abs(f) > 0.5 else f) / s)
        return np.asarray(found)
