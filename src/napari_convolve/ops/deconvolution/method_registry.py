"""Registry of deconvolution methods, and the scene that a method of one function works in.

Everything around the formula (checks, batch axes, masks, edges, backends, memory, progress) is shared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..._arrays import Array, compute_dtype, dtype_name
from ..._registry import Registry
from ...backends import Backend, move
from ..execution.batches import PER_STEP, BatchItem, ItemCost, Step, batch_problem, run_batch
from ..execution.execution import Execution
from ..fourier.edge_extension import PaddedGrid
from ..psf.psf_set import PsfSet
from .blur_operator import Blur, Box, make_blur
from .rl_plan import object_grid

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Deconvolver:
    """A registered method.

    Attributes
    ----------
    name : str
        Name of its public function.
    function : callable or None
        ``function(scene, **parameters)`` returns the object on the scene's grid; None for a method whose public
        function is written out in api/.
    buffers : float
        Arrays of the grid's size that it holds at once, besides two spectra.
    transforms : float
        Transforms of the grid's size in each of its iterations; ``H x`` and ``H^T r`` take two each.
    label, about : str
        How a person chooses it; empty for the name and the docstring's first paragraph.
    """

    name: str
    function: Callable[..., Array] | None = None
    buffers: float = 6
    transforms: float = 4
    label: str = ""
    about: str = ""


DECONVOLVERS: Registry[Deconvolver] = Registry("deconvolution method")
for _method in (
    Deconvolver(
        "wiener",
        label="Wiener",
        about="In one step. How much to sharpen follows from the noise that is found in the image.",
    ),
    Deconvolver(
        "richardson_lucy",
        label="Richardson-Lucy",
        about="Never negative, as light is; best for points and threads on a dark ground."
        " Each iteration sharpens more.",
    ),
):
    DECONVOLVERS.register(_method.name, _method)


def deconvolver(*, buffers: float = 6, transforms: float = 4) -> Callable[[F], F]:
    """Register a function of a `Scene` and keyword parameters as a deconvolution method of its name.

    Its docstring describes its own parameters; those that all methods share are added to them. `nc.plan` and
    `max_memory` go by the cost that is stated here.

    Parameters
    ----------
    buffers : float
        Number of arrays of the grid's size that it holds at once, besides two spectra.
    transforms : float
        Number of transforms of the grid's size per iteration; ``H x`` and ``H^T r`` take two each.
    """

    def register(function: F) -> F:
        DECONVOLVERS.register(function.__name__, Deconvolver(function.__name__, function, buffers, transforms))
        return function

    return register


@dataclass(frozen=True)
class MethodOptions:
    """The options that all methods share, validated.

    Attributes
    ----------
    parameters : mapping
        The method's own.
    background : float
    edges : str
    intermediate : callable or None
    dtype : str or None
    """

    parameters: Mapping[str, Any]
    background: float
    edges: str
    intermediate: Callable[[int, Array], object] | None
    dtype: str | None


@dataclass(frozen=True, eq=False)
class Scene:
    """One batch item and its image formation, ``image = H x + background`` at the valid samples.

    Attributes
    ----------
    image : array
        0 where samples are not valid.
    valid : array of bool or None
        Valid samples; None for all.
    mean : float
        Mean of the valid samples.
    background : float
    """

    image: Array
    valid: Array | None
    mean: float
    background: float
    frame: PaddedGrid
    backend: Backend
    blur: Blur
    step: Step
    intermediate: Callable[[int, Array], object] | None

    @property
    def xp(self) -> Any:
        """The array library."""
        return self.backend.xp

    def start(self) -> Array:
        """A flat object on the grid, as bright as the image."""
        found = self.backend.empty(self.frame.grid, dtype_name(self.image.dtype))
        self.backend.assign(found, ..., max(self.mean - self.background, 0.0))
        return found

    def residual(self, sharp: Array) -> Array:
        """``image - H x - background``, 0 where samples are not valid."""
        found = self.backend.empty(self.frame.shape, dtype_name(self.image.dtype))

        def compare(box: Box, part: Array) -> None:
            apart = self.image[box] - part - self.background
            if self.valid is not None:
                apart = self.xp.where(self.valid[box], apart, self.xp.zeros_like(apart))
            self.backend.assign(found, box, apart)

        self.blur.forward(sharp, compare)
        return found

    def backward(self, residual: Array) -> Array:
        """``H^T r`` on the grid."""
        found = self.backend.empty(self.frame.grid, dtype_name(self.image.dtype))

        self.blur.backward(residual, lambda box, part: self.backend.assign(found, box, part))
        return found

    def laplacian(self, values: Array) -> Array:
        """The Laplacian on the grid, divided by its largest gain."""
        xp = self.xp
        neighbours = sum((xp.roll(values, shift, axis=a) for a in range(values.ndim) for shift in (1, -1)), 0 * values)
        return (2 * values.ndim * values - neighbours) / (4 * values.ndim)

    def done(self, iteration: int, sharp: Array) -> bool:
        """Report an iteration; True when the caller asks to stop and keep this object."""
        self.step()
        return self.intermediate is not None and self.intermediate(iteration, sharp[self.frame.key]) is True


def deconvolve_with(
    method: Deconvolver, image: Array, psfs: PsfSet, options: MethodOptions, valid: Array | None, run: Execution
) -> Array:
    """Deconvolve `image` with a registered method."""
    compute = compute_dtype(dtype_name(image.dtype), wanted=options.dtype)
    dtype, source = options.dtype or compute, run.source
    if 0 in image.shape:
        return source.empty(tuple(image.shape), dtype)
    padded = object_grid([image.shape[a] for a in psfs.axes], psfs.size, options.edges, source)
    problem = batch_problem(method.name, image, psfs, compute, options.edges, masked=valid is not None, run=run)
    steps = int(options.parameters.get("iterations", 1))
    transforms, buffers = method.transforms * steps, method.buffers + 3
    cost = ItemCost(padded.grid, transforms, buffers, steps, options.intermediate is not None, PER_STEP * steps)

    def restored(item: BatchItem) -> Array:
        device, xp, keep = item.device, item.device.xp, options.intermediate
        kept = item.block if item.valid is None else xp.where(item.valid, item.block, xp.zeros_like(item.block))
        count = math.prod(padded.shape) if item.valid is None else int(xp.count_nonzero(item.valid))
        done = 0

        def counted(number: int = 1) -> None:
            nonlocal done
            done += number
            item.step(number)

        scene = Scene(
            image=kept,
            valid=item.valid,
            mean=float(xp.sum(kept)) / count,
            background=options.background,
            frame=padded,
            backend=device,
            blur=make_blur(item.psf, padded, compute, device, item.workers, lambda count: item.step(0)),
            step=counted,
            intermediate=None if keep is None else lambda number, found: keep(number, move(found, device, source)),
        )
        assert method.function is not None
        found = method.function(scene, **options.parameters)[padded.key]
        item.step(max(steps - done, 0))
        if done and item.is_first:
            run.task.detail(iterations=done)
        return found

    return run_batch(image, valid, psfs, problem, cost, restored, run, dtype)
