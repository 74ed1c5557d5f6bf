"""Rotated and scaled templates, resampled by cubic splines.

A template is rotated about its middle, ``(N - 1) / 2`` along each axis, as by `scipy.ndimage.rotate`. With
M = scale * R, the rotated template at an offset o from the middle is the template at ``inverse(M) o``. It counts only
where that lies within the template, so that the empty corners are masked out. The samples of a rotated template lie
on the grid of the original one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .template import Pattern, make_pattern

#: Offsets are rounded to this many decimals, so that right angles stay exact.
_DECIMALS = 9
#: Least share of a resampled sample that must come from samples that count.
_COUNTS = 0.99


@dataclass(frozen=True, eq=False)
class Template:
    """A template as given: finite values, which of them count, and its centre."""

    values: np.ndarray
    support: np.ndarray
    center: tuple[int, ...]
    splines: dict[float, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def ndim(self) -> int:
        return self.values.ndim

    @property
    def middle(self) -> np.ndarray:
        """The centre of rotation."""
        return (np.array(self.shape) - 1) / 2

    @property
    def anchor(self) -> np.ndarray:
        """From the middle to the sample ``N // 2``, which is put at the centre of the window."""
        return np.asarray(np.array(self.shape) // 2 - self.middle)

    def shift(self, variant: Variant) -> np.ndarray:
        """From the centre of a variant's window to the template's own centre."""
        shift: np.ndarray = variant.matrix @ (np.array(self.center) - self.middle) - self.anchor
        return np.round(shift, _DECIMALS)

    @cached_property
    def filled(self) -> np.ndarray:
        """The values, with each one that does not count replaced by the nearest one that does."""
        if self.support.all():
            return self.values
        from scipy.ndimage import distance_transform_edt

        nearest = distance_transform_edt(~self.support, return_distances=False, return_indices=True)
        return np.asarray(self.values[tuple(nearest)])

    def spline(self, scale: float) -> np.ndarray:
        """Coefficients of the cubic spline through the samples, which are smoothed first for scales below 1."""
        if scale not in self.splines:
            from scipy.ndimage import gaussian_filter, spline_filter

            values = self.filled
            if scale < 1:
                values = gaussian_filter(values, (1 / scale - 1) / 2, mode="nearest")
            self.splines.clear()  # variants come in order of scale
            self.splines[scale] = spline_filter(values, order=3, mode="mirror", output=np.float64)
        return self.splines[scale]


@dataclass(frozen=True, eq=False)
class Variant:
    """One form in which a template may appear: which template, scale and rotation.

    Attributes
    ----------
    rotation : ndarray
        Matrix from offsets in the template to offsets in the image, in the order of the axes.
    angle : float
        In degrees, in the sense of `scipy.ndimage.rotate`; NaN for a rotation that is not given as one angle.
    """

    template: int
    scale: float
    rotation: np.ndarray
    angle: float

    @property
    def is_plain(self) -> bool:
        """Neither rotated nor scaled."""
        return self.scale == 1 and bool((self.rotation == np.eye(len(self.rotation))).all())

    @property
    def matrix(self) -> np.ndarray:
        """Rotation and scale."""
        return self.scale * self.rotation


@dataclass(frozen=True)
class TemplateWindow:
    """The window that all variants share: its shape and the index of its centre."""

    shape: tuple[int, ...]
    center: tuple[int, ...]


def planar(angle: float, ndim: int) -> np.ndarray:
    """Matrix from offsets in a template to offsets in ``scipy.ndimage.rotate(template, angle)``.

    Rotates in the plane of the last two axes; multiples of 90 degrees are exact.
    """
    quarter = angle / 90
    if quarter == round(quarter):
        cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[round(quarter) % 4]
    else:
        cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    matrix = np.eye(ndim)
    matrix[-2:, -2:] = [[cosine, -sine], [sine, cosine]]
    return matrix


def common_window(pairs: Iterable[tuple[Template, Variant]]) -> TemplateWindow:
    """The smallest window that holds every variant; ValueError when the variants are too small to hold a sample."""
    found = list(pairs)
    lows, highs = [], []
    for template in {id(t): t for t, _ in found}.values():
        matrices = np.array([v.matrix for t, v in found if t is template])
        corners = np.array(list(itertools.product(*((0, n - 1) for n in template.shape)))) - template.middle
        turned = np.round(corners @ matrices.transpose(0, 2, 1) - template.anchor, _DECIMALS)
        lows.append(np.ceil(turned.min(1)).min(0))
        highs.append(np.floor(turned.max(1)).max(0))
    low, high = np.min(lows, 0).astype(int), np.max(highs, 0).astype(int)
    if (high < low).any():
        template, variant = min(found, key=lambda pair: pair[1].scale)
        raise ValueError(_too_small(template, variant))
    return TemplateWindow(tuple(int(n) for n in high - low + 1), tuple(int(n) for n in -low))


def rotated(
    template: Template, variant: Variant, window: TemplateWindow, beyond: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Values and support of a variant in a window; 0 outside the support, or extrapolated with `beyond`."""
    inverse = variant.rotation.T / variant.scale
    offsets = np.indices(window.shape).reshape(len(window.shape), -1) - np.array(window.center)[:, None]
    places = inverse @ (offsets + template.anchor[:, None])
    places = np.round(places + template.middle[:, None], _DECIMALS)
    size = np.array(template.shape)[:, None]
    inside = ((places >= 0) & (places <= size - 1)).all(0)
    wanted = np.clip(places, 0, size - 1) if beyond else places[:, inside]
    if variant.is_plain:
        index = tuple(wanted.astype(int))
        read, counts = template.filled[index], template.support[index]
    else:
        from scipy.ndimage import map_coordinates

        read = map_coordinates(template.spline(variant.scale), wanted, order=3, mode="mirror", prefilter=False)
        counts = np.ones(wanted.shape[1], bool)
        if not template.support.all():
            counts = map_coordinates(template.support.astype(float), wanted, order=1, mode="nearest") >= _COUNTS
    values, support = np.zeros(inside.size), np.zeros(inside.size, bool)
    values[slice(None) if beyond else inside] = read
    support[inside] = counts[inside] if beyond else counts
    return values.reshape(window.shape), support.reshape(window.shape)


def pattern_of(template: Template, variant: Variant, window: TemplateWindow) -> Pattern:
    """The pattern of a variant in a window; ValueError when too few samples are left, or they are flat."""
    values, support = rotated(template, variant, window)
    if np.count_nonzero(support) < 2:
        raise ValueError(_too_small(template, variant))
    return make_pattern(np.where(support, values, 0.0), support, window.center)


def _too_small(template: Template, variant: Variant) -> str:
    return f"a template of shape {template.shape} has fewer than 2 samples left at scale {variant.scale:g}"


#: Constants of the super-Fibonacci spiral.
_PHI, _PSI = math.sqrt(2.0), 1.533751168755204288118041


def super_fibonacci(number: int) -> np.ndarray:
    """`number` unit quaternions (x, y, z, w) spread evenly over all rotations.

    M. Alexa, Super-Fibonacci Spirals: Fast, Low-Discrepancy Sampling of SO(3), CVPR 2022.
    """
    at = np.arange(number) + 0.5
    inner, outer = np.sqrt(at / number), np.sqrt(1 - at / number)
    alpha, beta = 2 * np.pi * at / _PHI, 2 * np.pi * at / _PSI
    return np.stack([inner * np.sin(alpha), inner * np.cos(alpha), outer * np.sin(beta), outer * np.cos(beta)], axis=1)
