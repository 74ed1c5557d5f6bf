"""Properties of a kernel: sums, noise gain, symmetry, rank, widths, output range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ._algebra import factors
from ._grid import outer
from ._kernel import Kernel
from ._values import Values

ZERO = 1e-12  # rounding error relative to the largest value
INTEGERS = ("uint8", "uint16", "int16")


@dataclass(frozen=True)
class KernelReport:
    """Properties of a kernel; printing it shows them one per line.

    Attributes
    ----------
    sum
        Sum of the weights.
    dc_gain
        Absolute value of the sum: the gain of a constant image.
    noise_gain
        ``Σ |w|²``: the gain of the variance of white noise.
    center_of_mass
        Of the weights, or of their absolute values when the sum is 0: distance from the centre in pixels.
    peak
        Position of the weight of largest absolute value relative to the centre, in pixels.
    symmetry
        ``"even"``, ``"odd"`` or ``"none"`` under reversal of all axes about the centre, with conjugation when complex.
    mirror
        The same under reversal of each axis alone.
    rank
        Number of products of one-dimensional kernels whose sum is this one; None when it is not known (more than two
        dimensions and not separable).
    separable_error
        Euclidean norm of the residual of the best single product, relative to that of the kernel.
    fwhm
        Full width at half maximum of the absolute values through the peak, one per axis, in units of `spacing`.
    support
        Extent of the weights that are not 0, in pixels.
    nonzero
        Number of weights that are not 0.
    output_range
        Lowest and highest result for images of uint8, uint16 and int16; None for a complex kernel.
    spacing, units
        As in the kernel.
    balanced
        Whether the sum is 0 up to rounding.
    """

    sum: float | complex
    dc_gain: float
    noise_gain: float
    center_of_mass: tuple[float, ...]
    peak: tuple[int, ...]
    symmetry: str
    mirror: tuple[str, ...]
    rank: int | None
    separable_error: float
    fwhm: tuple[float, ...]
    support: tuple[int, ...]
    nonzero: int
    output_range: Mapping[str, tuple[float, float]] | None
    spacing: tuple[float, ...] | None
    units: str | None
    balanced: bool

    def overflows(self, dtype: str) -> bool:
        """Whether the result for an image of this integer type can leave the type.

        Examples
        --------
        >>> Kernel([1, 2, 1]).report().overflows("uint8")
        True
        """
        if self.output_range is None:
            return True
        if dtype not in self.output_range:
            raise ValueError(f"dtype must be one of {', '.join(self.output_range)}, got {dtype!r}")
        limits = np.iinfo(dtype)
        low, high = self.output_range[dtype]
        # Values are rounded to the nearest integer.
        return low < limits.min - 0.5 or high >= limits.max + 0.5

    def __str__(self) -> str:
        def row(values: tuple[float, ...]) -> str:
            return " x ".join(f"{v:.4g}" for v in values)

        mass = tuple(round(m, 9) + 0.0 for m in self.center_of_mass)  # without rounding errors
        unit = self.units or ("units" if self.spacing else "px")
        rank = "more than one" if self.rank is None else str(self.rank)
        lines = {
            "sum": f"{0 if self.balanced else self.sum:.6g}",
            "DC gain": f"{0 if self.balanced else self.dc_gain:.6g}",
            "noise gain": f"{self.noise_gain:.6g} (standard deviation x {self.noise_gain**0.5:.4g})",
            "centre of mass": f"{row(mass)} px from the centre",
            "peak": f"{row(self.peak)} px from the centre",
            "symmetry": f"{self.symmetry}; per axis {', '.join(self.mirror)}",
            "separable rank": f"{rank} (one product misses {self.separable_error:.3g})",
            "FWHM": f"{row(self.fwhm)} {unit}",
            "support": f"{row(self.support)} px, {self.nonzero} weights",
        }
        for dtype, (low, high) in (self.output_range or {}).items():
            verdict = "overflows" if self.overflows(dtype) else "fits"
            lines[f"{dtype} image"] = f"{low:.6g} to {high:.6g}, {verdict}"
        return "\n".join(f"{key:<15} {text}" for key, text in lines.items())


def report(kernel: Kernel) -> KernelReport:
    """Return the properties of `kernel`.

    Examples
    --------
    >>> r = Kernel([[1, 2, 1], [2, 4, 2], [1, 2, 1]], spacing=0.5, units="um").report()
    >>> r.rank, r.symmetry, r.fwhm
    (1, 'even', (1.0, 1.0))
    >>> print(r)
    sum             16
    DC gain         16
    noise gain      36 (standard deviation x 6)
    centre of mass  0 x 0 px from the centre
    peak            0 x 0 px from the centre
    symmetry        even; per axis even, even
    separable rank  1 (one product misses 0)
    FWHM            1 x 1 um
    support         3 x 3 px, 9 weights
    uint8 image     0 to 4080, overflows
    uint16 image    0 to 1.04856e+06, overflows
    int16 image     -524288 to 524272, overflows
    """
    values = kernel.values
    size = np.abs(values)
    balanced = abs(kernel.sum) <= ZERO * size.sum()
    mass = size if balanced or values.dtype.kind == "c" else values
    rank, error = separability(values)
    peak = np.unravel_index(int(np.argmax(size)), values.shape)
    nonzero = np.nonzero(size)
    all_axes = tuple(range(kernel.ndim))
    return KernelReport(
        sum=kernel.sum,
        dc_gain=abs(kernel.sum),
        noise_gain=float((size**2).sum()),
        center_of_mass=tuple(m - c for m, c in zip(centroid(mass), kernel.center, strict=True)),
        peak=tuple(int(p) - c for p, c in zip(peak, kernel.center, strict=True)),
        symmetry=parity(kernel, all_axes),
        mirror=tuple(parity(kernel, (axis,)) for axis in all_axes),
        rank=rank,
        separable_error=error,
        fwhm=kernel_fwhm(size, peak, kernel.spacing or (1.0,) * kernel.ndim),
        support=tuple(int(i.max() - i.min()) + 1 if i.size else 0 for i in nonzero),
        nonzero=nonzero[0].size,
        output_range=None if values.dtype.kind == "c" else output_range(values),
        spacing=kernel.spacing,
        units=kernel.units,
        balanced=bool(balanced),
    )


def centroid(mass: Values) -> tuple[float, ...]:
    """Return the mean index along each axis; the middle when there is no mass."""
    total = mass.sum()
    if not total:
        return tuple((n - 1) / 2 for n in mass.shape)
    lines = (mass.sum(axis=tuple(a for a in range(mass.ndim) if a != axis)) for axis in range(mass.ndim))
    return tuple(float((np.arange(line.size) * line).sum() / total) for line in lines)


def parity(kernel: Kernel, axes: tuple[int, ...]) -> str:
    """Return the symmetry under reversal of `axes` about the centre: ``"even"``, ``"odd"`` or ``"none"``."""
    flip = tuple(slice(None, None, -1) if a in axes else slice(None) for a in range(kernel.ndim))
    center = tuple(kernel.shape[a] - 1 - c if a in axes else c for a, c in enumerate(kernel.center))
    reverse = kernel.derived("reverse", kernel.values[flip].conj(), center)
    allowed = ZERO * float(np.abs(kernel.values).max())
    for name, difference in (("even", kernel - reverse), ("odd", kernel + reverse)):
        if np.abs(difference.values).max() <= allowed:
            return name
    return "none"


def separability(values: Values) -> tuple[int | None, float]:
    """Return the number of products whose sum is `values`, and the relative error of the best single one."""
    values = values.squeeze()
    norm = float(np.linalg.norm(values))
    if not norm or values.ndim <= 1:
        return int(norm > 0), 0.0
    if values.ndim == 2:
        singular = np.linalg.svd(values, compute_uv=False)
        rank = int((singular > ZERO * singular[0]).sum())
        return rank, float(np.linalg.norm(singular[1:rank])) / norm
    terms = factors(values, ZERO)
    if terms and len(terms) == 1:
        return 1, 0.0
    # The product of the leading singular vectors of all unfoldings is within √ndim of the best one.
    unfoldings = (np.moveaxis(values, axis, 0).reshape(n, -1) for axis, n in enumerate(values.shape))
    product = outer(tuple(np.linalg.svd(u, full_matrices=False)[0][:, 0] for u in unfoldings))
    share = float(np.abs(np.vdot(product, values))) / norm
    return None, float(np.sqrt(max(0.0, 1 - share**2)))


def kernel_fwhm(size: Values, peak: tuple[np.intp, ...], spacing: tuple[float, ...]) -> tuple[float, ...]:
    """Return the full width at half maximum along each axis through `peak`; beyond the ends the values are 0."""
    found = []
    for axis, step in enumerate(spacing):
        line = size[tuple(slice(None) if a == axis else p for a, p in enumerate(peak))]
        top = int(peak[axis])
        found.append(step * (half_width(line[top:]) + half_width(line[top::-1])))
    return tuple(found)


def half_width(line: Values) -> float:
    """Return the distance at which `line` first falls to half of its first value, linearly between samples."""
    if not line[0]:
        return 0.0
    falling = np.append(line, 0.0) / line[0]
    i = int(np.argmax(falling < 0.5))
    before, after = falling[i - 1], falling[i]
    return float(i - 1 + (before - 0.5) / (before - after))


def output_range(values: Values) -> Mapping[str, tuple[float, float]]:
    """Return the lowest and highest possible result for images of each integer type."""
    rising, falling = float(np.maximum(values, 0).sum()), float(np.minimum(values, 0).sum())
    ranges = {}
    for dtype in INTEGERS:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        ranges[dtype] = (low * rising + high * falling, high * rising + low * falling)
    return MappingProxyType(ranges)
