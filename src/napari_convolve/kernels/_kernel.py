"""The immutable `Kernel`: weights, centre and pixel size, with its operations."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from . import _algebra, _geometry
from ._values import Values, as_values
from ._weights import KernelData

if TYPE_CHECKING:
    from ._report import KernelReport


class Kernel(KernelData):
    """Weights of a convolution, with the index of their origin (zero shift).

    Equality and hash use values, dtype, center, spacing and units, but not name and parameters.

    Parameters
    ----------
    values
        Real or complex weights; copied as float64 or complex128, read-only.
    center
        One index per axis, by default ``N // 2``.
    spacing
        Pixel size along each axis (a number for all axes), or None for pixels.
    units
        Unit of `spacing`, such as ``"um"``.
    name
        Name of the kernel.
    parameters
        Parameters it was made with: numbers, text and sequences of these.

    Raises
    ------
    TypeError
        When values or center do not contain numbers.
    ValueError
        When values are empty, ragged or not finite, or center or spacing do not fit them.

    Examples
    --------
    >>> k = Kernel([[0, 1, 0], [1, -4, 1], [0, 1, 0]], name="laplacian")
    >>> k
    Kernel('laplacian', shape=(3, 3), center=(1, 1), sum=0)
    >>> (k + 2 * k).values[1, 1]
    np.float64(-12.0)
    """

    @classmethod
    def from_otf(
        cls,
        otf: npt.ArrayLike,
        *,
        spacing: float | Sequence[float] | None = None,
        units: str | None = None,
        name: str = "otf",
    ) -> Kernel:
        """Return the kernel whose FFT on a grid of its own shape is `otf`, centred at ``N // 2``.

        Parameters
        ----------
        otf
            Complex transfer function on the grid of `numpy.fft.fftn`, zero frequency at index 0. When it is
            Hermitian to rounding the kernel is real, otherwise complex.

        Examples
        --------
        >>> Kernel.from_otf(np.ones((4, 5))).center
        (2, 2)
        """
        values: Values = np.fft.fftshift(np.fft.ifftn(as_values(otf, "otf")))
        if np.abs(values.imag).max() <= 1e-12 * np.abs(values).max():
            values = values.real
        return cls(values, spacing=spacing, units=units, name=name)

    def normalized(self) -> Kernel:
        """Return the kernel divided by its sum.

        Raises
        ------
        ValueError
            When the sum is zero, or no more than rounding of the sum of absolute weights.
        """
        total, size = self.sum, float(np.abs(self.values).sum())
        if abs(total) <= 1e-7 * size:
            raise ValueError(f"kernel {self.name!r} cannot be normalized: its weights sum to {total:.3g}")
        # Divide by the largest weight first: the sum of very small weights may have no finite inverse.
        scaled = self.values / np.abs(self.values).max()
        return self.derived(f"normalized({self.name})", scaled / scaled.sum())

    def flipped(self) -> Kernel:
        """Return the kernel reversed along every axis, conjugated when complex: convolving is correlating with it."""
        reverse = (slice(None, None, -1),) * self.ndim
        center = tuple(n - 1 - c for n, c in zip(self.shape, self.center, strict=True))
        return self.derived(f"flipped({self.name})", self.values[reverse].conj(), center)

    def factors(self, tol: float = _algebra.TOLERANCE) -> list[tuple[Values, ...]] | None:
        """Return 1-D arrays, one per axis and term, whose outer products sum to the values; None if not separable.

        Parameters
        ----------
        tol
            Allowed sum of absolute deviations relative to the sum of absolute values.

        Returns
        -------
        list of tuple of ndarray, or None
            One term for a separable kernel, of integers where the weights are integers; up to two per axis but the last
            for sums of separable kernels (Laplacian of Gaussian, Gabor, sharpening). Those of the default tolerance are
            cached and read-only.

        Examples
        --------
        >>> [tuple(f.tolist() for f in term) for term in Kernel([[1, 2], [2, 4]]).factors()]
        [([1.0, 2.0], [1.0, 2.0])]
        """
        terms = self._terms if tol == _algebra.TOLERANCE else _algebra.factors(self.values, tol)
        return None if terms is None else list(terms)

    @cached_property
    def _terms(self) -> list[tuple[Values, ...]] | None:
        """Factors at the tolerance of all convolutions, read-only like the values."""
        terms = _algebra.factors(self.values, _algebra.TOLERANCE)
        for factor in itertools.chain.from_iterable(terms or ()):
            factor.flags.writeable = False
        return terms

    # --- algebra ---------------------------------------------------------------------------------------------------

    def __add__(self, other: Kernel) -> Kernel:
        return _algebra.add(self, other, 1) if isinstance(other, Kernel) else NotImplemented

    def __sub__(self, other: Kernel) -> Kernel:
        return _algebra.add(self, other, -1) if isinstance(other, Kernel) else NotImplemented

    def __matmul__(self, other: Kernel) -> Kernel:
        return _algebra.compose(self, other) if isinstance(other, Kernel) else NotImplemented

    def __mul__(self, factor: complex) -> Kernel:
        if not isinstance(factor, int | float | complex | np.number):
            return NotImplemented
        return self.derived(f"{factor:g}*{self.name}", self.values * factor)

    __rmul__ = __mul__

    def __neg__(self) -> Kernel:
        return self.derived(f"-{self.name}", -self.values)

    # --- files and views -------------------------------------------------------------------------------------------

    def save(self, path: str | PathLike[str]) -> None:
        """Write to a file by its suffix; see :func:`napari_convolve.kernels.files.write_kernel`."""
        from .files import write_kernel

        write_kernel(path, self)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Kernel:
        """Read from a file by its suffix; see :func:`napari_convolve.kernels.files.read_kernel`."""
        from .files import read_kernel

        return read_kernel(path)

    def report(self) -> KernelReport:
        """Return the properties of the kernel; see :class:`napari_convolve.kernels.KernelReport`."""
        from ._report import report

        return report(self)

    # --- geometry --------------------------------------------------------------------------------------------------

    def crop(self, shape: SupportsIndex | Sequence[SupportsIndex] | None = None, *, tolerance: float = 0.0) -> Kernel:
        """Return a window of the kernel; the centre stays at the same weight.

        Parameters
        ----------
        shape
            Largest size in pixels, for all axes or one per axis, with the centre at ``N // 2`` where the kernel is
            large enough. None: the smallest window with the centre and all weights above the tolerance.
        tolerance
            Tolerance of absolute weights, relative to the largest.

        Examples
        --------
        >>> Kernel([0, 0, 1, 2, 0]).crop()
        Kernel('cropped(custom)', shape=(2,), center=(0,), sum=3)
        """
        return _geometry.crop(self, shape, tolerance)

    def pad(self, shape: SupportsIndex | Sequence[SupportsIndex]) -> Kernel:
        """Return a kernel padded with zeros to `shape`, its centre at ``N // 2``; ValueError if it does not fit.

        Examples
        --------
        >>> Kernel([1, 2]).pad(4).values.tolist()
        [0.0, 1.0, 2.0, 0.0]
        """
        return _geometry.pad(self, shape)

    def rotate(self, angle: float, *, axes: tuple[int, int] = (-2, -1), order: int = 3) -> Kernel:
        """Return the kernel rotated about its centre, enlarged to include its corners, with the same sum.

        Parameters
        ----------
        angle
            Degrees counter-clockwise (y down), as in `scipy.ndimage.rotate`. With a spacing, the rotation is in
            physical coordinates. Multiples of 90 are exact when both axes have the same spacing.
        axes
            The plane of the rotation.
        order
            Degree of the interpolating spline, 0 to 5.

        Examples
        --------
        >>> Kernel([[0, 1, 2]]).rotate(90).values.ravel().tolist()
        [2.0, 1.0, 0.0]
        """
        return _geometry.rotate(self, angle, axes, order)

    def resample(self, spacing: float | Sequence[float], *, order: int = 3) -> Kernel:
        """Return the kernel resampled to another pixel size, with the same position of the centre and the same sum.

        Parameters
        ----------
        spacing
            New pixel size, for all axes or one per axis. Larger pixels are averages, smaller ones are interpolated.
        order
            Degree of the interpolating spline, 0 to 5.

        Raises
        ------
        ValueError
            When the kernel has no spacing.

        Examples
        --------
        >>> Kernel([1, 1, 1, 1, 1, 1, 1, 1, 1], spacing=1.0).resample(3.0, order=0).values.tolist()
        [3.0, 3.0, 3.0]
        """
        return _geometry.resample(self, spacing, order)


def as_kernel(x: Any) -> Kernel:
    """Return `x` if it is a Kernel, otherwise a Kernel of its values centred at ``N // 2``.

    Parameters
    ----------
    x
        A Kernel, an array, a list of numbers or a list of lists.

    Raises
    ------
    TypeError, ValueError
        As :class:`Kernel`.

    Examples
    --------
    >>> as_kernel([[1, 2, 1]])
    Kernel('custom', shape=(1, 3), center=(0, 1), sum=4)
    """
    return x if isinstance(x, Kernel) else Kernel(x)
