"""Template prepared for normalised cross-correlation: zero mean and unit norm over the samples that count."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..._arrays import as_host_array
from ...kernels import Kernel
from ...methods import Factors, PreparedKernel

#: A template whose samples differ by less than this many rounding errors of its dtype is flat.
_ROUNDINGS = 4


@dataclass(frozen=True, eq=False)
class Pattern:
    """A normalised template.

    Attributes
    ----------
    values : ndarray of float64
        Of mean 0 and sum of squares 1 over the support, 0 elsewhere.
    support : ndarray of bool
        The samples that count.
    center : tuple of int
        The index that is put at the place of the score.
    """

    values: np.ndarray
    support: np.ndarray
    center: tuple[int, ...]
    _numerators: dict[tuple[tuple[int, ...], str], PreparedKernel] = field(default_factory=dict, init=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples along each axis."""
        return self.values.shape

    @cached_property
    def count(self) -> int:
        """Number of samples that count."""
        return int(np.count_nonzero(self.support))

    @cached_property
    def digest(self) -> str:
        """Identifies the support."""
        return hashlib.blake2b(self.support.tobytes(), digest_size=16).hexdigest() + str(self.support.shape)

    @cached_property
    def low(self) -> tuple[int, ...]:
        """The first index along each axis at which a sample counts."""
        return tuple(int(i) for i in np.argwhere(self.support).min(0))

    @cached_property
    def cropped(self) -> np.ndarray:
        """The bounding box of the support."""
        high = np.argwhere(self.support).max(0) + 1
        return self.support[tuple(slice(a, int(b)) for a, b in zip(self.low, high, strict=True))]

    @cached_property
    def support_key(self) -> tuple[str, tuple[int, ...]]:
        """Identifies the support independently of its position in the window."""
        return hashlib.blake2b(self.cropped.tobytes(), digest_size=16).hexdigest(), self.cropped.shape

    @property
    def is_box(self) -> bool:
        """Whether all samples of the cropped support count."""
        return self.count == self.cropped.size

    @property
    def is_full(self) -> bool:
        """Whether all samples of the window count."""
        return self.count == self.support.size

    @cached_property
    def factors(self) -> Factors:
        """Separable terms of the values as a convolution applies them."""
        return tuple(self.kernel().flipped().factors() or ())

    def numerator(self, axes: tuple[int, ...], dtype: str, factored: bool = False) -> PreparedKernel:
        """The values as a convolution applies them, made once; with separable terms when `factored`."""
        key = (axes, dtype)
        if key not in self._numerators:
            self._numerators[key] = self.weights(self.values, axes, dtype)
        if not factored:
            return self._numerators[key]
        factors = tuple(tuple(vector.astype(dtype) for vector in term) for term in self.factors)
        return replace(self._numerators[key], factors=factors)

    def kernel(self) -> Kernel:
        """As a kernel whose correlation is the score's numerator."""
        return Kernel(self.values, center=self.center)

    def transposed(self, order: tuple[int, ...]) -> Pattern:
        """With the axes in another order."""
        if order == tuple(range(len(order))):
            return self
        center = tuple(self.center[a] for a in order)
        return Pattern(self.values.transpose(order), self.support.transpose(order), center)

    def weights(self, part: np.ndarray, axes: tuple[int, ...], dtype: str) -> PreparedKernel:
        """`part`, an array of the template's shape, as a convolution applies it."""
        flipped = part[(slice(None, None, -1),) * part.ndim]
        return PreparedKernel(np.ascontiguousarray(flipped.astype(dtype)), axes)


def as_pattern(template: Any, template_mask: Any = None) -> Pattern:
    """Validate a template: a Kernel or array_like, with the samples that count.

    Masked samples of a `numpy.ma.MaskedArray` do not count, either.

    Raises
    ------
    TypeError
        For templates that do not hold real numbers and masks that are not bool.
    ValueError
        For templates that are flat or not finite where they count, and masks of another shape or without a sample.
    """
    center: tuple[int, ...] | None = None
    hidden = None
    if isinstance(template, Kernel):
        center, template = template.center, template.values
    elif isinstance(template, np.ma.MaskedArray):
        hidden = ~np.ma.getmaskarray(template)
        template = np.ma.getdata(template)
    array = as_host_array(template, "template")
    if array.dtype.kind == "c":
        raise TypeError("template is complex; normalised cross-correlation needs real numbers")
    if array.ndim == 0 or 0 in array.shape:
        raise ValueError(f"template of shape {array.shape} has no samples")
    support = _as_support(template_mask, array.shape)
    support = support if hidden is None else support & hidden
    if not support.any():
        raise ValueError("template_mask leaves no sample of the template")
    resolution = float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0
    values = array.astype(np.float64)
    missing = int(np.count_nonzero(~np.isfinite(values[support])))
    if missing:
        raise ValueError(
            f"template holds {missing} NaN or infinite of {int(support.sum())} samples; leave them out by template_mask"
        )
    center = tuple(n // 2 for n in array.shape) if center is None else center
    return make_pattern(np.where(support, values, 0.0), support, center, resolution)


def make_pattern(values: np.ndarray, support: np.ndarray, center: tuple[int, ...], resolution: float = 0.0) -> Pattern:
    """Normalise finite float64 values; ValueError when those that count are all equal.

    `resolution` is the relative distance of neighbouring numbers in the dtype that the values come from, 0 for
    integers.
    """
    count = int(np.count_nonzero(support))
    largest = float(np.abs(values[support]).max())
    # scaled first: squares of very small or very large values would leave the range of float64
    scaled = np.where(support, values / (largest or 1.0), 0.0)
    centred = np.where(support, scaled - scaled[support].mean(), 0.0)
    centred = np.where(support, centred - centred[support].mean(), 0.0)
    norm = float(np.sqrt(np.sum(centred * centred)))
    floor = _ROUNDINGS * max(float(np.finfo(np.float64).eps), 0.5 * resolution) * math.sqrt(count)
    if norm <= floor:
        what = "holds one sample" if count == 1 else f"is flat: all {count} samples are {values[support][0]:.6g}"
        raise ValueError(f"template {what}, so that nothing correlates with it")
    return Pattern(centred / norm, support, center)


def _as_support(template_mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    if template_mask is None:
        return np.ones(shape, bool)
    mask = np.asarray(template_mask)
    if mask.dtype != bool:
        raise TypeError(f"template_mask has dtype {mask.dtype}; it must be bool, True where a sample counts")
    if mask.shape != shape:
        raise ValueError(f"template_mask of shape {mask.shape} does not fit the template's {shape}")
    return mask
