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
accelerated, 1 more with `tv`. All but H and that spectrum are only ever read and written box by box, so that they may
be files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..._arrays import Array
from ..._progress import ALL_DONE, BY_CALLER
from ...backends import SESSION, Backend
from ...planning import parts
from ..fourier.edge_extension import PaddedGrid
from ..noise.noise_model import Known, estimate
from ..psf.psf_set import Psf
from .blur_operator import Blur, Box
from .rl_options import Empty, LucyOptions, Samples
from .stopping_rule import ENOUGH, Residual, middle
from .total_variation import variation_factor

#: Where less than this share of the PSF reaches valid samples, the object stays 0.
_SEEN = 1e-2
#: Extrapolation keeps at least this share of a sample: from nearly 0 it would have to grow again by factors that are
#: rounding noise.
_KEPT = 0.1
#: Floor of the gradient in total variation, as a share of the mean.
_FLAT = 1e-3
#: With stop="auto", a smaller relative change of the object ends the iterations too.
_CHANGE = 1e-4


class LucyRun:
    """The state of one deconvolution."""

    def __init__(
        self,
        image: Samples,
        psf: Psf,
        blur: Blur,
        frame: PaddedGrid,
        options: LucyOptions,
        backend: Backend,
        workers: int,
        empty: Empty,
    ) -> None:
        xp, dtype, valid = backend.xp, image.dtype, image.valid
        self.image, self.valid, self.blur, self.frame, self.options = image, valid, blur, frame, options
        self.backend, self.dtype, self.empty, self.workers = backend, dtype, empty, workers
        self.count = math.prod(frame.shape) if valid is None else int(xp.count_nonzero(valid))
        sums: dict[tuple[int, ...], float] = {}
        self._in_parts(frame.shape, lambda box: sums.update({_corner(box): float(xp.sum(image[box]))}))
        self.mean = sum(sums[corner] for corner in sorted(sums)) / self.count
        eps, tiny = float(np.finfo(dtype).eps), float(np.finfo(dtype).tiny)
        #: whether single precision can hold sums of squares of samples of this size
        self.in_range = dtype == "float64" or self.mean == 0 or tiny**0.37 < self.mean < tiny**-0.31
        #: lower limit of the model in the quotient image / model
        self.least = max(max(self.mean, options.background) * eps, tiny)
        #: an object darker than this is 0
        self.dark = self.mean * (1e-15 if dtype == "float32" else 1e-60)
        self.ratio = empty(frame.shape, dtype)
        self.inverse = self._inverse_weight()
        self.divisor = empty(frame.grid, dtype) if options.tv else None
        self.object = self._start()
        self.residual: dict[tuple[int, ...], float] = {}
        self.change: dict[tuple[int, ...], tuple[float, float]] = {}
        self.noise = math.nan
        self.judge: Residual | None = None
        if options.stop == "auto":
            self._prepare_to_stop(psf)

    def iterate(self, step: Callable[[], None]) -> tuple[Array, int, str]:
        """The object on its grid, the number of iterations done, and why they ended."""
        advance = self._accelerated() if self.options.accelerated else self._plain()
        done, reason = 0, ALL_DONE
        for done in range(1, self.options.iterations + 1):
            advance()
            step()
            keep = self.options.intermediate
            if keep is not None and keep(done, self.object[self.frame.key]) is True:
                reason = BY_CALLER
                break
            if self.options.stop == "auto" and (found := self._enough()):
                reason = found
                break
        return self.object, done, reason

    def _in_parts(self, shape: Sequence[int], function: Callable[[Box], None], cubes: bool = False) -> None:
        """Call `function` for boxes that cover a shape, on all threads; small ones keep its work arrays small."""
        workers = self.workers if self.backend.threaded else 1
        SESSION.run_all(function, parts(shape, cubes), workers)

    def _prepare_to_stop(self, psf: Psf) -> None:
        """Prepare the measure of what is left in the residual besides noise."""
        workers = self.workers
        self.judge = Residual(self.frame.shape, psf, self.dtype, self.mean or 1.0, self.backend, workers)
        if not self.judge.applies:
            self.judge, box = None, middle(self.frame.shape, psf)
            valid = None if self.valid is None else self.valid[box]
            if valid is None or bool(self.backend.xp.any(valid)):
                seen = [(self.image[box], valid, psf)]
                found = estimate(seen, Known(), self.options.edges, self.options.quantum, self.backend, workers)
                self.noise = found.noise

    def _inverse_weight(self) -> Array | None:
        """``1 / H^T M`` where enough of the PSF is seen, 0 elsewhere; None when it is 1 everywhere."""
        if self.frame.grid == self.frame.shape and self.valid is None:
            return None
        xp, valid = self.backend.xp, self.valid
        flags = self.ratio  # not needed for anything else yet

        def count(box: Box) -> None:
            self.backend.assign(flags, box, 1.0 if valid is None else self.backend.astype(valid[box], self.dtype))

        self._in_parts(self.frame.shape, count)
        found = self.empty(self.frame.grid, self.dtype)

        def invert(box: Box, part: Array) -> None:
            seen = part > _SEEN
            inverse = xp.where(seen, 1 / xp.where(seen, part, xp.ones_like(part)), xp.zeros_like(part))
            self.backend.assign(found, box, inverse)

        self.blur.backward(flags, invert)
        return found

    def _start(self) -> Array:
        """The first object: the mean, the image with the mean around it, or a given array."""
        xp, start, given = self.backend.xp, self.options.start, self.options.start
        level = self.mean - self.options.background
        level = level if level > 0 else self._above()
        found = self.empty(self.frame.grid, self.dtype)

        def fill(box: Box) -> None:
            seen = 1.0 if self.inverse is None else self.backend.astype(self.inverse[box] > 0, self.dtype)
            self.backend.assign(found, box, level)
            found[box] *= seen

        def put(box: Box) -> None:
            inside = self.image[box] - self.options.background if isinstance(given, str) else given[box]
            inside = xp.where(inside > 0, inside, xp.zeros_like(inside))
            if self.valid is not None and isinstance(given, str):
                inside = xp.where(self.valid[box], inside, xp.zeros_like(inside) + level)
            if self.inverse is not None:
                inside = inside * self.backend.astype(self.inverse[box] > 0, self.dtype)
            self.backend.assign(found, box, inside)

        self._in_parts(self.frame.grid, fill)
        if not (isinstance(start, str) and start == "mean"):
            self._in_parts(self.frame.shape, put)
        return found

    def _above(self) -> float:
        """Mean excess over the background; a start of 0 would stay 0, also below bright points."""
        xp, background, sums = self.backend.xp, self.options.background, {}

        def add(box: Box) -> None:
            over = self.image[box] - background
            sums[_corner(box)] = float(xp.sum(xp.where(over > 0, over, xp.zeros_like(over))))

        self._in_parts(self.frame.shape, add)
        return float(sum(sums[corner] for corner in sorted(sums)) / self.count)

    def _compare(self, box: Box, part: Array) -> None:
        """From ``H x``, ``M y / (H x + b)``."""
        xp = self.backend.xp
        image, background = self.image[box], self.options.background
        if background:
            part += background
        if self.options.stop == "auto":
            apart = image - part
            if self.valid is not None:
                apart = xp.where(self.valid[box], apart, xp.zeros_like(apart))
            if self.judge is None:
                self.residual[_corner(box)] = float(xp.sum(apart * apart))
            else:
                self.judge.note(box, apart)
        # masked samples are 0 in the image
        self.backend.assign(self.ratio, box, image / xp.maximum(part, self._number(self.least)))

    def _plain(self) -> Callable[[], None]:
        current = self.object

        def update(box: Box, part: Array) -> None:
            new = self._updated(current[box], part, box)
            if self.options.stop == "auto":
                self._note_change(box, new, current[box])
            self.backend.assign(current, box, new)

        def advance() -> None:
            self._vary(current)
            self.blur.forward(current, self._compare)
            self.blur.backward(self.ratio, update)

        return advance

    def _accelerated(self) -> Callable[[], None]:
        before, point, old = (self.empty(self.frame.grid, self.dtype) for _ in range(3))
        self._in_parts(self.frame.grid, lambda box: self.backend.assign(old, box, 0))
        state = {"step": 0.0, "iteration": 0}
        xp = self.backend.xp

        def advance() -> None:
            nonlocal before, point, old
            current, length = self.object, state["step"]

            def extrapolate(box: Box) -> None:
                ahead = current[box]
                if length > 0:
                    ahead = xp.maximum(ahead + length * (ahead - before[box]), ahead * _KEPT)
                self.backend.assign(point, box, ahead)

            self._in_parts(self.frame.grid, extrapolate)
            self._vary(point)
            self.blur.forward(point, self._compare)
            products: dict[tuple[int, ...], tuple[float, float]] = {}

            def update(box: Box, part: Array) -> None:
                new = self._updated(point[box], part, box)
                if self.options.stop == "auto":
                    self._note_change(box, new, current[box])
                move = new - point[box]
                products[_corner(box)] = (float(xp.sum(move * old[box])), float(xp.sum(old[box] * old[box])))
                self.backend.assign(point, box, move)
                self.backend.assign(before, box, new)

            self.blur.backward(self.ratio, update)
            self.object, before = before, current
            point, old = old, point
            along, norm = (sum(p[i] for _, p in sorted(products.items())) for i in (0, 1))
            state["iteration"] += 1
            ready = state["iteration"] >= 2 and norm > 0
            state["step"] = min(max(along / norm, 0.0), 1.0) if ready else 0.0

        return advance

    def _updated(self, old: Array, correction: Array, box: Box) -> Array:
        """The object after the correction, never negative."""
        if self.inverse is not None:
            correction *= self.inverse[box]
        if self.divisor is not None:
            correction /= self.divisor[box]
        correction *= old
        # numbers close to underflow slow all arithmetic down, so they become 0
        return self.backend.xp.where(correction > self._number(self.dark), correction, self._number(0.0))

    def _number(self, value: float) -> Array:
        return self.backend.xp.asarray(value, dtype=self.ratio.dtype, device=self.ratio.device)

    def _vary(self, point: Array) -> None:
        """Compute the divisor of total variation from the object before its update."""
        if self.divisor is None:
            return
        divisor, xp = self.divisor, self.backend.xp
        weight, spacing = self.options.tv, self.options.spacing
        least = _FLAT * max(self.mean - self.options.background, self.least)
        self._in_parts(
            self.frame.grid,
            lambda box: self.backend.assign(divisor, box, variation_factor(point, box, weight, spacing, least, xp)),
            cubes=True,
        )

    def _note_change(self, box: Box, new: Array, old: Array) -> None:
        xp = self.backend.xp
        self.change[_corner(box)] = (float(xp.sum((new - old) ** 2)), float(xp.sum(new * new)))

    def _enough(self) -> str:
        """The reason to stop now, or an empty text."""
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


def _corner(box: Box) -> tuple[int, ...]:
    return tuple(s.start for s in box)
