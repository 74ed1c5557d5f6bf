"""Data of a kernel: weights, centre and pixel size, immutable and compared by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self, SupportsIndex

import numpy as np
import numpy.typing as npt

from . import _values
from ._values import Values


@dataclass(frozen=True, init=False, repr=False, eq=False)
class KernelData:
    """Data and protocols of a :class:`Kernel`; see there."""

    values: Values
    center: tuple[int, ...]
    spacing: tuple[float, ...] | None
    units: str | None
    name: str
    parameters: Mapping[str, Any]

    # `array * kernel` then calls Kernel.__rmul__, which refuses arrays and accepts NumPy numbers.
    __array_ufunc__ = None

    def __init__(
        self,
        values: npt.ArrayLike | KernelData,
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
        """Sum of the weights: the gain of a constant image."""
        total: float | complex = self.values.sum().item()
        return total

    def derived(self, name: str, values: npt.ArrayLike, center: Sequence[SupportsIndex] | None = None) -> Self:
        """Return a kernel with other values on the same grid, and another center if one is given."""
        return type(self)(values, self.center if center is None else center, self.spacing, self.units, name)

    # --- Python's protocols ----------------------------------------------------------------------------------------

    @property
    def _grid(self) -> tuple[Any, ...]:
        return self.shape, self.values.dtype.str, self.center, self.spacing, self.units

    @cached_property
    def _hash(self) -> int:
        # Adding 0.0 turns -0.0 into 0.0, which compare equal and so must hash alike.
        return hash((self._grid, (self.values + 0.0).tobytes()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KernelData):
            return NotImplemented
        return self._grid == other._grid and bool((self.values == other.values).all())

    def __hash__(self) -> int:
        return self._hash

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        # A mapping proxy cannot be pickled.
        state = (self.values, self.center, self.spacing, self.units, self.name, dict(self.parameters))
        return type(self), state

    def __repr__(self) -> str:
        parts = [f"{self.name!r}", f"shape={self.shape}", f"center={self.center}", f"sum={self.sum:.6g}"]
        parts += [f"dtype={self.values.dtype}"] if self.values.dtype.kind == "c" else []
        parts += [f"spacing={self.spacing}"] if self.spacing else []
        parts += [f"units={self.units!r}"] if self.units else []
        shown = (f"{k}={v!r}" for k, v in self.parameters.items() if k not in ("ndim", "spacing"))
        parts += [text if len(text) <= 40 else f"{text[:37]}..." for text in shown]
        return f"Kernel({', '.join(parts)})"
