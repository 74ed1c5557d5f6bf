"""Compute an operation on a part of an image, such as the visible one, from only the samples that it depends on.

Window operations give exactly the same values there, because samples outside are gathered by the boundary rule. Results
of other operations depend on the whole image: they are computed with a halo around the part, parameters that are
estimated from the image are estimated once on all of it, and the error is bounded by comparing two halo widths.
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
Bounds = tuple[tuple[int, int], ...]
#: Options that only window operations have.
_WINDOW = {"boundary", "cval", "shape", "origin"}
#: Halo widths in lengths of the PSF; the difference between the two results bounds the error of the second.
_HALOS = (0.5, 1.5)
_LEAST_HALO = 16  # samples
#: If the part with its halo exceeds this fraction of the image, the whole image is computed.
_ALL = 0.6
#: A result with a larger error bound (relative to its maximum) is called approximate.
EXACT = 1e-3


@dataclass(frozen=True)
class Part:
    """The result of an operation on a part of an image.

    Attributes
    ----------
    data : array
    first : tuple of int
        Index of its first sample in the image, for each axis.
    halo : tuple of int
        Width in samples along the axes acted on; empty when the result is exact.
    bound : float
        Largest deviation from the result on the whole image, relative to the largest sample; 0 for exact to rounding.
    note : str
        Which parameters were estimated on the whole image, as text for the user.
    """

    data: Any
    first: tuple[int, ...]
    halo: tuple[int, ...] = ()
    bound: float = 0.0
    note: str = ""

    @property
    def approximate(self) -> bool:
        """Whether the error is large enough to be shown to the user."""
        return self.bound > EXACT

    def __str__(self) -> str:
        if not self.bound:
            return ", ".join(filter(None, ("exact", self.note)))
        halo = " × ".join(map(str, self.halo))
        within = f"within {self.bound:.1g} of the largest value, halo {halo}"
        return ", ".join(filter(None, (f"approximate: {within}" if self.approximate else within, self.note)))


def on_field(
    operation: str,
    image: Any,
    arrays: Sequence[Any],
    field: Bounds,
    *,
    axes: Sequence[int],
    frozen: Mapping[str, Any] | None = None,
    progress: ProgressCallback | None = None,
    **options: Any,
) -> Part:
    """Compute an operation on a part of an image.

    Parameters
    ----------
    operation : str
        Name of a public function whose result is an image.
    image : array_like
        It is sliced first, so that only the needed part of a lazy array is read.
    arrays : sequence
        The positional arguments after the image.
    field : tuple of (int, int)
        The part: a half-open range along each axis of the image.
    frozen : mapping, optional
        Result of `frozen_options` for the same batch items.

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
        function, image, arrays, field, axes, given, halo=_takes_psf(function) and not _estimates(operation, given)
    )
    stopped = "stop" in (frozen or {})
    return replace(part, note=f"{given['iterations']} iterations, as on the whole image") if stopped else part


def _takes_psf(function: Callable[..., Any]) -> bool:
    """Whether a function deconvolves with a PSF, so that distant samples have little influence."""
    return any(p.name == "psf" and p.array for p in parameters(function))


def frozen_options(
    operation: str,
    image: Any,
    arrays: Sequence[Any],
    field: Bounds,
    *,
    axes: Sequence[int],
    progress: ProgressCallback | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Parameters that the operation estimates from the image, estimated on all of it; for `on_field`.

    They are estimated on the batch item of the field; the result is empty if the field covers several of them. `wiener`
    needs the noise, one quick estimate. `richardson_lucy` with automatic stopping needs the number of iterations: it
    runs once on the whole image, unless the part with its halo covers nearly all of it.
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
    if _with_halo(image.shape, field, axes, _halo_width(as_kernel(arrays[0]).shape, _HALOS[-1])) == box:
        return {}
    reports: list[Report] = []
    getattr(nc, operation)(_cut(image, box), *arrays, axes=axes, mask=mask, report=reports.append, **rest)
    return {"iterations": reports[0].details["iterations"], "stop": None}


def _estimates(operation: str, options: Mapping[str, Any]) -> bool:
    """Whether an operation estimates one of its parameters from the image."""
    return (operation == "wiener" and options.get("nsr", "auto") == "auto") or options.get("stop") == "auto"


def _window(
    function: Callable[..., Any],
    operation: str,
    image: Any,
    arrays: Sequence[Any],
    field: Bounds,
    axes: tuple[int, ...],
    options: dict[str, Any],
) -> Part:
    """Gather all samples in the windows of the field by the boundary rule, and compute with shape="valid"."""
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
    """The samples in ranges that may extend beyond the image; only the needed part of a lazy image is read."""
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
    field: Bounds,
    axes: tuple[int, ...],
    options: dict[str, Any],
    *,
    halo: bool,
) -> Part:
    """Compute with a halo, or on the whole length of the axes acted on, and cut the field out."""
    mask = options.pop("mask", None)
    lengths = as_kernel(arrays[0]).shape if halo else ()
    found: list[tuple[np.ndarray, tuple[int, ...], bool]] = []
    for share in _HALOS if halo else (None,):
        width = None if share is None else _halo_width(lengths, share)
        box = _with_halo(image.shape, field, axes, width)
        all_there = all(box[a] == (0, image.shape[a]) for a in axes)
        more = {} if mask is None else {"mask": _cut_mask(mask, image.shape, box)}
        result = np.asarray(function(_cut(image, box), *arrays, axes=axes, **options, **more))
        inner = tuple(slice(a - low, b - low) for (a, b), (low, _) in zip(field, box, strict=True))
        found.append((result[inner], width or (), all_there))
        if all_there:
            break
    data, width, all_there = found[-1]
    first = tuple(start for start, _ in field)
    if all_there:
        return Part(data, first)
    largest = float(np.abs(data).max(initial=0.0)) or 1.0
    bound = float(np.abs(data - found[0][0]).max(initial=0.0)) / largest if len(found) > 1 else 1.0
    return Part(data, first, width, max(bound, float(np.finfo(np.float32).eps)))


def _halo_width(lengths: Sequence[int], share: float) -> tuple[int, ...]:
    """Halo width for a PSF of these lengths."""
    return tuple(max(_LEAST_HALO, int(share * k)) for k in lengths)


def _with_halo(shape: Sequence[int], field: Bounds, axes: Sequence[int], width: Sequence[int] | None) -> Bounds:
    """The field with its halo, or the whole length of the axes acted on where that is little more."""
    box = _box(shape, field, axes, width)
    large = math.prod(b - a for a, b in (box[x] for x in axes)) > _ALL * math.prod(shape[x] for x in axes)
    return _box(shape, field, axes, None) if large else box


def _box(shape: Sequence[int], field: Bounds, axes: Sequence[int], width: Sequence[int] | None) -> Bounds:
    """The field with `width` samples around it, cut to the image; for None the whole length of the axes acted on."""
    found = list(field)
    for i, axis in enumerate(axes):
        start, stop = field[axis]
        n = shape[axis]
        found[axis] = (0, n) if width is None else (max(0, start - width[i]), min(n, stop + width[i]))
    return tuple(found)


def _cut(image: Any, box: Bounds) -> np.ndarray:
    return np.asarray(image[tuple(slice(*pair) for pair in box)])


def _cut_mask(mask: Any, shape: Sequence[int], box: Bounds) -> np.ndarray | None:
    return None if mask is None else np.asarray(_cut(np.broadcast_to(np.asarray(mask), tuple(shape)), box), dtype=bool)
