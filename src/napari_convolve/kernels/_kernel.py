"""The frozen `Kernel`: weights, where their centre is, and how long a step is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from . import _algebra, _factors, _values
from ._values import Values

if TYPE_CHECKING:
    from ._report import KernelReport


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Kernel:
    """Weights of a convolution, with the index that stands for zero shift.

    Equality and hash go by values, dtype, center, spacing and units; name and parameters say where it came from.

    Parameters
    ----------
    values
        Real or complex weights; copied as float64 or complex128, read-only.
    center
        One index per axis, by default ``N // 2``.
    spacing
        Length of a step along each axis (a number counts for all axes), or None for pixels.
    units
        Unit of `spacing`, such as ``"um"``.
    name
        What the kernel is called.
    parameters
        What it was made from: numbers, text and sequences of these.

    Raises
    ------
    TypeError
        When values or center do not hold numbers.
    ValueError
        When values are empty, ragged or not finite, or center, spacing do not fit them.

    Examples
    --------
    >>> k = Kernel([[0, 1, 0], [1, -4, 1], [0, 1, 0]], name="laplacian")
    >>> k
    Kernel('laplacian', shape=(3, 3), center=(1, 1), sum=0)
    >>> (k + 2 * k).values[1, 1]
    np.float64(-12.0)
    """

    values: Values
    center: tuple[int, ...]
    spacing: tuple[float, ...] | None
    units: str | None
    name: str
    parameters: Mapping[str, Any]

    # NumPy then leaves `array * kernel` to Kernel, which refuses it, and `np.float64(2) * kernel` works.
    __array_ufunc__ = None

    def __init__(
        self,
        values: npt.ArrayLike | Kernel,
        center: SupportsIndex | Sequence[SupportsIndex] | None = None,
        spacing: float | Sequence[float] | None = None,
        units: str | None = None,
        name: str = "custom",
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        array = _values.as_values(values)
        for key, text in (("units", units), ("name", name)):
            if not (isinstance(text, str) or (key == "units" and text is None)):
                raise TypeError(f"{key} of a kernel must be text, got {text!r}")
        fields = {
            "values": array,
            "center": _values.as_center(center, array.shape),
            "spacing": _values.as_spacing(spacing, array.ndim),
            "units": units,
            "name": name,
            "parameters": MappingProxyType({str(k): _values.frozen(v) for k, v in (parameters or {}).items()}),
        }
        for key, value in fields.items():
            object.__setattr__(self, key, value)

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
        values: Values = np.fft.fftshift(np.fft.ifftn(_values.as_values(otf, "otf")))
        if np.abs(values.imag).max() <= 1e-12 * np.abs(values).max():
            values = values.real
        return cls(values, spacing=spacing, units=units, name=name)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of weights along each axis."""
        return self.values.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.values.ndim

    @property
    def sum(self) -> float | complex:
        """Sum of the weights: what a constant is multiplied with."""
        total: float | complex = self.values.sum().item()
        return total

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
        # First by the largest weight: the sum of very small weights may have no finite inverse.
        scaled = self.values / np.abs(self.values).max()
        return self.derived(f"normalized({self.name})", scaled / scaled.sum())

    def flipped(self) -> Kernel:
        """Return the kernel reversed along every axis, conjugated when complex: convolving is correlating with it."""
        reverse = (slice(None, None, -1),) * self.ndim
        center = tuple(n - 1 - c for n, c in zip(self.shape, self.center, strict=True))
        return self.derived(f"flipped({self.name})", self.values[reverse].conj(), center)

    def factors(self, tol: float = 1e-13) -> list[tuple[Values, ...]] | None:
        """Return 1-D arrays, one per axis and term, whose outer products add up to the values; None if there are none.

        Parameters
        ----------
        tol
            Allowed sum of absolute deviations relative to the sum of absolute values.

        Returns
        -------
        list of tuple of ndarray, or None
            One term in any number of dimensions, or two in 2-D (Laplacian of Gaussian, Gabor, sharpening).

        Examples
        --------
        >>> [tuple(f.tolist() for f in term) for term in Kernel([[1, 2], [2, 4]]).factors()]
        [([2.0, 4.0], [0.5, 1.0])]
        """
        return _factors.factors(self.values, tol)

    def derived(self, name: str, values: npt.ArrayLike, center: Sequence[SupportsIndex] | None = None) -> Kernel:
        """Return a kernel on the same grid with other values; center stays unless it is given."""
        return Kernel(values, self.center if center is None else center, self.spacing, self.units, name)

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
        """Write to a file by its suffix; see :func:`napari_convolve.kernels.files.save`."""
        from .files import save

        save(path, self)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Kernel:
        """Read from a file by its suffix; see :func:`napari_convolve.kernels.files.load`."""
        from .files import load

        return load(path)

    def report(self) -> KernelReport:
        """Return what the kernel does, in numbers; see :class:`napari_convolve.kernels.KernelReport`."""
        from ._report import report

        return report(self)

    # --- Python's protocols ----------------------------------------------------------------------------------------

    @property
    def _grid(self) -> tuple[Any, ...]:
        return self.shape, self.values.dtype.str, self.center, self.spacing, self.units

    @cached_property
    def _hash(self) -> int:
        # Adding 0.0 turns -0.0 into 0.0, which compare equal and so must hash alike.
        return hash((self._grid, (self.values + 0.0).tobytes()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Kernel):
            return NotImplemented
        return self._grid == other._grid and bool((self.values == other.values).all())

    def __hash__(self) -> int:
        return self._hash

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __reduce__(self) -> tuple[type[Kernel], tuple[Any, ...]]:
        # A mapping proxy cannot be pickled.
        state = (self.values, self.center, self.spacing, self.units, self.name, dict(self.parameters))
        return Kernel, state

    def __repr__(self) -> str:
        parts = [f"{self.name!r}", f"shape={self.shape}", f"center={self.center}", f"sum={self.sum:.6g}"]
        parts += [f"dtype={self.values.dtype}"] if self.values.dtype.kind == "c" else []
        parts += [f"spacing={self.spacing}"] if self.spacing else []
        parts += [f"units={self.units!r}"] if self.units else []
        shown = (f"{k}={v!r}" for k, v in self.parameters.items() if k not in ("ndim", "spacing"))
        parts += [text if len(text) <= 40 else f"{text[:37]}..." for text in shown]
        return f"Kernel({', '.join(parts)})"


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
