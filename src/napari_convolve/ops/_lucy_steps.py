"""The iterations of Richardson-Lucy.

The object lives on a grid longer than the image by the PSF, so that light from outside may fall into the image, and is
updated by

    x <- x * H^T(M y / (H x + b)) / H^T M

where M is 1 at the samples that count (Bertero and Boccacci, "A simple method for the reduction of boundary effects in
the Richardson-Lucy approach to image deconvolution", Astronomy and Astrophysics 437, 2005). Each step may start from a
point extrapolated along the last two (Biggs and Andrews, "Acceleration of iterative image restoration algorithms",
Applied Optics 36, 1997), and may be divided by ``1 - tv div(grad x / |grad x|)`` (Dey et al., "Richardson-Lucy
algorithm with total variation regularization for 3D confocal microscope deconvolution", 2006).

Arrays of the grid's size that are held: the object, H, H^T M, and one spectrum at work, 4 in all (6 on a device, where
transforms are not done slab by slab), besides the image and the ratio y / Hx, which are smaller; 3 more when
accelerated, 1 more with `tv`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import Array, dtype_name
from ..backends import Backend
from ._blur import Blur
from ._frame import Frame
from ._psf import Psf
from ._stopping import ENOUGH, Residual
from ._variation import variation_factor
from .noise import Known, estimate

ACCELERATIONS = ("biggs-andrews", "none")
STARTS = ("mean", "image")
STOPS = ("none", "auto")
#: Where less than this share of the PSF reaches samples that count, the object is left at 0.
_SEEN = 1e-2
#: With stop="auto", a smaller relative change of the object ends the iterations too.
_CHANGE = 1e-4
#: Index of some rows of an array.
Rows = tuple[Any, ...]


@dataclass(frozen=True)
class Lucy:
    """The options of Richardson-Lucy, validated.

    Attributes
    ----------
    iterations : int
    accelerated : bool
    tv : float
    spacing : tuple of float
        Length of a step along each acted axis relative to the shortest.
    background : float
    start : str or array
    edges : str
    stop : str or None
    quantum : float
        Step between neighbouring values of the image.
    intermediate : callable or None
        ``intermediate(iteration, object)`` after each iteration; True stops and keeps.
    dtype : str or None
        Of the result.
    """

    iterations: int
    accelerated: bool
    tv: float
    spacing: tuple[float, ...]
    background: float
    start: str | Array
    edges: str
    stop: str | None
    quantum: float
    intermediate: Callable[[int, Array], object] | None
    dtype: str | None


class LucyRun:
    """The state of one deconvolution."""

    def __init__(
        self,
        image: Array,
        valid: Array | None,
        psf: Psf,
        blur: Blur,
        frame: Frame,
        options: Lucy,
        backend: Backend,
        workers: int,
    ) -> None:
        xp, dtype = backend.xp, dtype_name(image.dtype)
        self.image, self.valid, self.blur, self.frame, self.options = image, valid, blur, frame, options
        self.backend, self.dtype = backend, dtype
        kept = image if valid is None else xp.where(valid, image, xp.zeros_like(image))
        self.count = math.prod(frame.shape) if valid is None else int(xp.count_nonzero(valid))
        self.mean = float(xp.sum(kept)) / self.count
        self.image = kept
        #: no model of the image is taken to be darker
        self.least = max(max(self.mean, options.background) * float(np.finfo(dtype).eps), float(np.finfo(dtype).tiny))
        #: an object darker than this is 0
        self.dark = self.mean * (1e-15 if dtype == "float32" else 1e-60)
        self.ratio = backend.empty(frame.shape, dtype)
        self.inverse = self._inverse_weight()
        self.object = self._start()
        self.residual: dict[int, float] = {}
        self.change: dict[int, tuple[float, float]] = {}
        self.noise = math.nan
        self.judge: Residual | None = None
        if options.stop == "auto":
            self.judge = Residual(frame.shape, psf, dtype, self.mean or 1.0, backend, workers)
            if not self.judge.tells:
                found = estimate([(image, valid, psf)], Known(), options.edges, options.quantum, backend, workers)
                self.noise, self.judge = found.noise, None

    def iterate(self, step: Callable[[], None]) -> tuple[Array, int, str]:
        """The object within the frame, the number of iterations done, and why they ended."""
        advance = self._accelerated() if self.options.accelerated else self._plain()
        done, reason = 0, "all iterations done"
        for done in range(1, self.options.iterations + 1):
            advance()
            step()
            keep = self.options.intermediate
            if keep is not None and keep(done, self.object[self.frame.key]) is True:
                reason = "by the caller"
                break
            if self.options.stop == "auto" and (found := self._enough()):
                reason = found
                break
        return self.object[self.frame.key], done, reason

    def _inverse_weight(self) -> Array | None:
        """``1 / H^T M`` where enough of the PSF is seen, 0 elsewhere; None when it is 1 everywhere."""
        if self.frame.grid == self.frame.shape and self.valid is None:
            return None
        xp = self.backend.xp
        flags = xp.ones_like(self.image) if self.valid is None else self.backend.astype(self.valid, self.dtype)

        found = self.backend.empty(self.frame.grid, self.dtype)

        def invert(first: int, part: Array) -> None:
            seen = part > _SEEN
            inverse = xp.where(seen, 1 / xp.where(seen, part, xp.ones_like(part)), xp.zeros_like(part))
            self.backend.assign(found, _rows(first, part), inverse)

        self.blur.backward(flags, invert)
        return found

    def _start(self) -> Array:
        """The first object: the mean everywhere, the image inside of that, or what was given."""
        xp, start = self.backend.xp, self.options.start
        level = max(self.mean - self.options.background, 0.0)
        found = self.backend.empty(self.frame.grid, self.dtype)
        self.backend.assign(found, ..., level)
        if not (isinstance(start, str) and start == "mean"):
            inside = self.image - self.options.background if isinstance(start, str) else start
            inside = xp.where(inside > 0, inside, xp.zeros_like(inside))
            if self.valid is not None and isinstance(start, str):
                inside = xp.where(self.valid, inside, xp.zeros_like(inside) + level)
            self.backend.assign(found, self.frame.key, inside)
        if self.inverse is not None:
            found *= self.backend.astype(self.inverse > 0, self.dtype)
        return found

    def _compare(self, first: int, part: Array) -> None:
        """From ``H x``, ``M y / (H x + b)``."""
        xp = self.backend.xp
        rows = _rows(first, part)
        image, background = self.image[rows], self.options.background
        if background:
            part += background
        if self.options.stop == "auto":
            apart = image - part
            if self.valid is not None:
                apart = xp.where(self.valid[rows], apart, xp.zeros_like(apart))
            if self.judge is None:
                self.residual[first] = float(xp.sum(apart * apart))
            else:
                self.judge.note(first, apart)
        # masked samples are 0 in the image
        self.backend.assign(self.ratio, rows, image / xp.maximum(part, self._number(self.least)))

    def _plain(self) -> Callable[[], None]:
        current = self.object

        def update(first: int, part: Array) -> None:
            rows = _rows(first, part)
            new = self._updated(current[rows], part, rows)
            if self.options.stop == "auto":
                self._note_change(first, new, current[rows])
            self.backend.assign(current, rows, new)

        def advance() -> None:
            self._vary(current)
            self.blur.forward(current, self._compare)
            self.blur.backward(self.ratio, update)

        return advance

    def _accelerated(self) -> Callable[[], None]:
        before, point, old = (self.backend.empty(self.frame.grid, self.dtype) for _ in range(3))
        self.backend.assign(old, ..., 0)
        state = {"step": 0.0, "iteration": 0}
        xp = self.backend.xp

        def advance() -> None:
            nonlocal before, point, old
            current, length = self.object, state["step"]
            if length > 0:
                _in_parts(self._extrapolate, current, before, point, length)
            else:
                self.backend.assign(point, ..., current)
            self._vary(point)
            self.blur.forward(point, self._compare)
            products: dict[int, tuple[float, float]] = {}

            def update(first: int, part: Array) -> None:
                rows = _rows(first, part)
                new = self._updated(point[rows], part, rows)
                if self.options.stop == "auto":
                    self._note_change(first, new, current[rows])
                move = new - point[rows]
                products[first] = (float(xp.sum(move * old[rows])), float(xp.sum(old[rows] * old[rows])))
                self.backend.assign(point, rows, move)
                self.backend.assign(before, rows, new)

            self.blur.backward(self.ratio, update)
            self.object, before = before, current
            point, old = old, point
            along, norm = (sum(p[i] for _, p in sorted(products.items())) for i in (0, 1))
            state["iteration"] += 1
            ready = state["iteration"] >= 2 and norm > 0
            state["step"] = min(max(along / norm, 0.0), 1.0) if ready else 0.0

        return advance

    def _extrapolate(self, rows: Rows, current: Array, before: Array, point: Array, length: float) -> None:
        ahead = current[rows] + length * (current[rows] - before[rows])
        self.backend.assign(point, rows, self.backend.xp.maximum(ahead, self._number(0.0)))

    def _updated(self, old: Array, correction: Array, rows: Rows) -> Array:
        """The object after the correction, never negative."""
        if self.inverse is not None:
            correction *= self.inverse[rows]
        if self.options.tv:
            correction /= self.divisor[rows]
        correction *= old
        # what is next to nothing becomes nothing: numbers close to underflow slow everything down
        return self.backend.xp.where(correction > self._number(self.dark), correction, self._number(0.0))

    def _number(self, value: float) -> Array:
        """An array of no dimension, which stays on the device."""
        return self.backend.xp.asarray(value, dtype=self.image.dtype, device=self.image.device)

    def _vary(self, point: Array) -> None:
        """The divisor of the total variation, which needs the object before its update."""
        if self.options.tv:
            least = 1e-3 * max(self.mean - self.options.background, self.least)
            self.divisor = variation_factor(point, self.options.tv, self.options.spacing, least, self.backend)

    def _note_change(self, first: int, new: Array, old: Array) -> None:
        xp = self.backend.xp
        self.change[first] = (float(xp.sum((new - old) ** 2)), float(xp.sum(new * new)))

    def _enough(self) -> str:
        """Why to stop now, or nothing."""
        if self.judge is not None:
            excess = self.judge.excess()
            if excess <= ENOUGH:
                return f"only noise is left (where the PSF passes, {excess:.2g} of its power elsewhere)"
        else:
            left = math.sqrt(sum(self.residual[k] for k in sorted(self.residual)) / self.count)
            if left <= self.noise:
                return f"the residual ({left:.3g}) is down to the noise ({self.noise:.3g})"
        moved, size = (sum(self.change[k][i] for k in sorted(self.change)) for i in (0, 1))
        if moved <= _CHANGE**2 * size:
            return f"the object changes by less than {_CHANGE:g} of itself"
        return ""


def _rows(first: int, part: Array) -> Rows:
    return (slice(first, first + part.shape[0]), ...)


def _in_parts(function: Callable[..., None], current: Array, *others: Array | float) -> None:
    """Call `function` for ranges of rows, which keeps its work arrays small."""
    length = current.shape[0]
    rows = max(1, (1 << 17) // max(1, math.prod(current.shape[1:])))
    for first in range(0, length, rows):
        function((slice(first, min(first + rows, length)), ...), current, *others)
