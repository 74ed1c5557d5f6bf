"""One step on a part of an image: what a person sees of it, computed from just the samples that decide it.

Window operations give on that part what they give on the whole, by the boundary's own index rule. Operations whose
every result depends on the whole image are computed with a halo; what they estimate from the image is estimated once,
on the whole, and how far the halo reaches is told by comparing two of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import napari_convolve as nc

from .._arrays import compute_dtype, dtype_name
from .._progress import ProgressCallback, Report
from ..backends import get_backend
from ..boundary import gather
from ..kernels import as_kernel
from ._operations import parameters

#: A half-open range of indices along each axis of the image.
Field = tuple[tuple[int, int], ...]
#: What tells a window operation: its options say what lies outside the image, and where the kernel stands.
_WINDOW = {"boundary", "cval", "shape", "origin"}
#: Halos of operations that look at the whole image, in lengths of the PSF; the first measures what the second misses.
_HALOS = (0.5, 1.5)
#: No halo is narrower than this.
_LEAST_HALO = 16
#: Where a halo takes more than this share of the image, all of it is computed.
_ALL = 0.6
#: Larger errors, relative to the largest result, make a result approximate.
EXACT = 1e-3


@dataclass(frozen=True)
class Part:
    """What an operation gives on a part of an image.

    Attributes
    ----------
    data : array
        The result there; axes that are not acted on keep their place.
    first : tuple of int
        Index in the image of the first sample, for each axis of it.
    halo : tuple of int
        Samples beyond the part, along the axes acted on, that were computed with; empty when it was all there is.
    bound : float
        How far it may be from the result on the whole image, relative to the largest sample; 0 for what is equal
        to rounding.
    told : str
        What was estimated on the whole image, for a person.
    """

    data: Any
    first: tuple[int, ...]
    halo: tuple[int, ...] = ()
    bound: float = 0.0
    told: str = ""

    @property
    def approximate(self) -> bool:
        """Whether a person has to be told."""
        return self.bound > EXACT

    def __str__(self) -> str:
        if not self.bound:
            return ", ".join(filter(None, ("exact", self.told)))
        halo = " × ".join(map(str, self.halo))
        within = f"within {self.bound:.1g} of the largest value, halo {halo}"
        return ", ".join(filter(None, (f"approximate: {within}" if self.approximate else within, self.told)))


def on_field(
    operation: str,
    image: Any,
    arrays: Sequence[Any],
    field: Field,
    *,
    axes: Sequence[int],
    frozen: Mapping[str, Any] | None = None,
    progress: ProgressCallback | None = None,
    **options: Any,
) -> Part:
    """The result of an operation on a part of an image.

    Parameters
    ----------
    operation : str
        Name of a public function that makes an image.
    image : array_like
        Sliced as it is, so that of a lazy one only what is needed is read.
    arrays : sequence
        What the function takes after the image.
    field : tuple of (int, int)
        The part, a half-open range along each axis of the image.
    axes : tuple of int
        The axes acted on.
    frozen : mapping, optional
        What `frozen_options` gave for this part of the batch axes.
    progress
        As for every operation.
    **options
        The function's others.

    Returns
    -------
    Part

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> image, kernel = np.random.default_rng(0).random((50, 60)), nc.kernels.gaussian(sigma=2)
    >>> part = on_field("convolve", image, [kernel], ((0, 10), (20, 45)), axes=(0, 1))
    >>> np.allclose(part.data, nc.convolve(image, kernel)[:10, 20:45]), part.first, str(part)
    (True, (0, 20), 'exact')
    """
    function = getattr(nc, operation)
    takes = {p.name for p in parameters(function)}
    axes = tuple(a % len(image.shape) for a in axes)
    given = {**options, **(frozen or {})} | ({"progress": progress} if progress is not None else {})
    if _WINDOW <= takes and "noise" not in takes:
        return _window(function, operation, image, arrays, field, axes, given)
    part = _whole(
        function, image, arrays, field, axes, given, halo=takes_psf(function) and not _estimates(operation, given)
    )
    stopped = "stop" in (frozen or {})
    return replace(part, told=f"{given['iterations']} iterations, as on the whole image") if stopped else part


def takes_psf(function: Callable[..., Any]) -> bool:
    """Whether a function undoes the blur of a PSF, so that far samples hardly count."""
    return any(p.name == "psf" and p.array for p in parameters(function))


def frozen_options(
    operation: str,
    image: Any,
    arrays: Sequence[Any],
    field: Field,
    *,
    axes: Sequence[int],
    progress: ProgressCallback | None = None,
    **options: Any,
) -> dict[str, Any]:
    """What the operation would estimate from the image, estimated on all of it that belongs to a field.

    Along the axes acted on that is everything, along the others the field: each of their entries is estimated apart.
    The noise of `wiener` takes one look at the image; where `richardson_lucy` stops by itself takes all its iterations
    on it, once, unless the part needs nearly all of the image anyway.
    """
    axes = tuple(a % len(image.shape) for a in axes)
    box = _box(image.shape, field, axes, None)
    if (
        not _estimates(operation, options)
        or np.prod([b - a for axis, (a, b) in enumerate(box) if axis not in axes]) != 1
    ):
        return {}
    mask = _cut_mask(options.get("mask"), image.shape, box)
    rest = {name: value for name, value in options.items() if name != "mask"} | (
        {"progress": progress} if progress else {}
    )
    if operation == "wiener":
        takes = {p.name for p in parameters(nc.estimate_noise)} | {"progress"}
        rest = {name: value for name, value in rest.items() if name in takes}
        return {"nsr": nc.estimate_noise(_cut(image, box), *arrays, axes=axes, mask=mask, **rest)}
    if _reached(image.shape, field, axes, _reach(as_kernel(arrays[0]).shape, _HALOS[-1])) == box:
        return {}
    reports: list[Report] = []
    getattr(nc, operation)(_cut(image, box), *arrays, axes=axes, mask=mask, report=reports.append, **rest)
    return {"iterations": reports[0].details["iterations"], "stop": None}


def _estimates(operation: str, options: Mapping[str, Any]) -> bool:
    """Whether an operation finds one of its parameters in the image."""
    return (operation == "wiener" and options.get("nsr", "auto") == "auto") or options.get("stop") == "auto"


def _window(
    function: Callable[..., Any],
    operation: str,
    image: Any,
    arrays: Sequence[Any],
    field: Field,
    axes: tuple[int, ...],
    options: dict[str, Any],
) -> Part:
    """Gather what the windows on the field see, by the boundary's rule, and sum whole windows only."""
    kernel = as_kernel(arrays[0])
    shape, boundary = options.pop("shape", "same"), options.pop("boundary", "reflect")
    cval, mask, origin = options.pop("cval", 0.0), options.pop("mask", None), options.pop("origin", 0)
    origins = origin if isinstance(origin, Sequence) else (origin,) * len(axes)
    ranges, found = [], list(field)
    for axis, k, c, o in zip(axes, kernel.shape, kernel.center, origins, strict=True):
        before, step = (k - 1 - c, -o) if operation == "convolve" else (c, o)
        n, (start, stop) = image.shape[axis], field[axis]
        low, high = {"same": (0, n), "full": (before - k + 1, n + before), "valid": (before, n + before - k + 1)}[shape]
        start, stop = max(start, low), min(stop, high)
        if start == 0 and shape == "full":
            start = low
        if stop == n and shape == "full":
            stop = high
        if stop <= start:
            raise ValueError("no whole window lies in what is seen")
        found[axis] = (start, stop)
        ranges.append((start - before - step, stop - before - step + k - 1))
    batch = tuple(slice(*found[a]) if a not in axes else slice(None) for a in range(len(image.shape)))
    compute = compute_dtype(dtype_name(image.dtype), complex_kernel=kernel.values.dtype.kind == "c")
    block = _gathered(image, batch, axes, ranges, boundary, cval, compute)
    if mask is not None:
        flags = np.broadcast_to(np.asarray(mask, dtype=bool), image.shape)
        options["mask"] = _gathered(flags, batch, axes, ranges, boundary, True, "bool")
    result = function(block, *arrays, axes=axes, shape="valid", **options)
    return Part(result, tuple(start for start, _ in found))


def _gathered(
    image: Any,
    batch: tuple[slice, ...],
    axes: tuple[int, ...],
    ranges: Sequence[tuple[int, int]],
    boundary: str,
    cval: Any,
    dtype: str,
) -> Any:
    """The samples in ranges that may reach beyond the image; of lazy images only what is needed is read."""
    if all(0 <= a and b <= image.shape[axis] for axis, (a, b) in zip(axes, ranges, strict=True)):
        inside = dict(zip(axes, ranges, strict=True))
        return np.asarray(image[tuple(slice(*inside[a]) if a in inside else s for a, s in enumerate(batch))])
    cut = np.asarray(image[batch])
    kept = dtype_name(cut.dtype) if boundary != "constant" else dtype
    return gather(cut, axes, ranges, boundary, cval, kept, get_backend("numpy"))


def _whole(
    function: Callable[..., Any],
    image: Any,
    arrays: Sequence[Any],
    field: Field,
    axes: tuple[int, ...],
    options: dict[str, Any],
    *,
    halo: bool,
) -> Part:
    """Compute with a halo, or with all there is, and cut the field out."""
    mask = options.pop("mask", None)
    lengths = as_kernel(arrays[0]).shape if halo else ()
    found: list[tuple[np.ndarray, tuple[int, ...], bool]] = []
    for share in _HALOS if halo else (None,):
        reach = None if share is None else _reach(lengths, share)
        box = _reached(image.shape, field, axes, reach)
        all_there = all(box[a] == (0, image.shape[a]) for a in axes)
        more = {} if mask is None else {"mask": _cut_mask(mask, image.shape, box)}
        result = np.asarray(function(_cut(image, box), *arrays, axes=axes, **options, **more))
        inner = tuple(slice(a - low, b - low) for (a, b), (low, _) in zip(field, box, strict=True))
        found.append((result[inner], reach or (), all_there))
        if all_there:
            break
    data, reach, all_there = found[-1]
    first = tuple(start for start, _ in field)
    if all_there:
        return Part(data, first)
    largest = float(np.abs(data).max(initial=0.0)) or 1.0
    bound = float(np.abs(data - found[0][0]).max(initial=0.0)) / largest if len(found) > 1 else 1.0
    return Part(data, first, reach, max(bound, float(np.finfo(np.float32).eps)))


def _reach(lengths: Sequence[int], share: float) -> tuple[int, ...]:
    """A halo for a PSF."""
    return tuple(max(_LEAST_HALO, int(share * k)) for k in lengths)


def _reached(shape: Sequence[int], field: Field, axes: Sequence[int], reach: Sequence[int] | None) -> Field:
    """The field with its halo, or all there is where that is little more."""
    box = _box(shape, field, axes, reach)
    large = math.prod(b - a for a, b in (box[x] for x in axes)) > _ALL * math.prod(shape[x] for x in axes)
    return _box(shape, field, axes, None) if large else box


def _box(shape: Sequence[int], field: Field, axes: Sequence[int], reach: Sequence[int] | None) -> Field:
    """The field and `reach` around it within the image; all along the axes acted on when there is none."""
    found = list(field)
    for i, axis in enumerate(axes):
        start, stop = field[axis]
        n = shape[axis]
        found[axis] = (0, n) if reach is None else (max(0, start - reach[i]), min(n, stop + reach[i]))
    return tuple(found)


def _cut(image: Any, box: Field) -> np.ndarray:
    return np.asarray(image[tuple(slice(*pair) for pair in box)])


def _cut_mask(mask: Any, shape: Sequence[int], box: Field) -> np.ndarray | None:
    return None if mask is None else np.asarray(_cut(np.broadcast_to(np.asarray(mask), tuple(shape)), box), dtype=bool)
