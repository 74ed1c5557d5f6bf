"""Window operations on Dask arrays: each chunk of the result is computed from only the samples it depends on.

A chunk gathers its input block by the boundary's index rule, as padding in memory does, and then sums the windows
inside the block. The result therefore does not depend on the chunks.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._progress import Task
from ..backends import get_backend
from ..boundary import source_indices
from ..kernels import Kernel
from ..ops.execution.execution import Execution
from ..ops.filtering.window import Window, as_convolution, window_geometry, window_sum
from ..planning import Machine, Plan

#: Indices into the concatenated chunks along one axis: a slice, or an array with -1 for the constant.
Local = slice | np.ndarray


@dataclass(frozen=True)
class _Chunk:
    """Settings that all chunks of one result share."""

    kernel: Kernel
    window: Window
    machines: tuple[Machine, ...]
    method: str | Plan
    workers: int
    max_memory: int | None
    has_mask: bool

    def run(self) -> Execution:
        """The execution of one chunk, with a task of its own since tasks cannot be pickled."""
        task = Task(self.window.operation)
        return Execution(get_backend("numpy"), self.machines, task, self.method, self.workers, self.max_memory)


def lazy_window_sum(image: Any, kernel: Kernel, window: Window, mask: Any, run: Execution) -> Any:
    """Convolve or correlate a Dask array lazily; image and mask must have the same known chunks.

    The chunks of the result follow those of the image. Each uses one thread by default: Dask computes many at once.
    """
    import dask.array as da
    from dask.base import tokenize

    applied, reach = as_convolution(kernel, window)
    dtype = image.dtype.name
    geometry = window_geometry(image.shape, dtype, applied, window, reach, mask is not None, False)
    spec = _Chunk(
        kernel=Kernel(applied.values),
        window=replace(window, operation="convolve", shape="valid", origin=(0,) * len(window.axes)),
        machines=run.machines,
        method=run.method,
        workers=run.workers or 1,
        max_memory=run.max_memory,
        has_mask=mask is not None,
    )
    chunks: list[tuple[int, ...]] = []
    needs: list[list[tuple[list[int], Local]]] = []
    for axis, sizes in enumerate(image.chunks):
        if axis not in window.axes:
            chunks.append(sizes)
            needs.append([([number], slice(None)) for number in range(len(sizes))])
            continue
        where = window.axes.index(axis)
        out = _chunks_of(sizes, geometry.problem.out[axis] - image.shape[axis])
        chunks.append(out)
        needs.append(_needs(sizes, out, geometry.first[where], applied.shape[where], window.boundary))
    name = f"{window.operation}-{tokenize(image.name, getattr(mask, 'name', None), kernel, window, run.method)}"
    graph: dict[Any, Any] = {f"{name}-spec": spec}
    for index in itertools.product(*(range(len(sizes)) for sizes in chunks)):
        parts = [needs[axis][i] for axis, i in enumerate(index)]
        numbers, local = [p[0] for p in parts], tuple(p[1] for p in parts)
        held = _nested(mask.name, numbers) if mask is not None else None
        graph[(name, *index)] = (_compute, _nested(image.name, numbers), held, local, f"{name}-spec")
    sources = [image] if mask is None else [image, mask]
    from dask.highlevelgraph import HighLevelGraph

    layers = HighLevelGraph.from_collections(name, graph, dependencies=sources)
    return da.Array(layers, name, chunks=tuple(chunks), dtype=np.dtype(geometry.dtype))


def as_dask(image: Any) -> Any:
    """A Dask array with known chunks from a Dask or Zarr array.

    Raises
    ------
    ModuleNotFoundError
        When Dask is not installed.
    ValueError
        When the sizes of the chunks are unknown.
    """
    try:
        import dask.array as da
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("a Zarr array needs Dask: pip install 'napari-convolve[bigdata]'") from error
    if not isinstance(image, da.Array):
        return da.from_array(image)
    if any(np.isnan(size) for sizes in image.chunks for size in sizes):
        raise ValueError("image has chunks of unknown size; call its compute_chunk_sizes() first")
    return image


def as_mask(mask: Any, image: Any) -> Any:
    """A mask with the shape and chunks of the image; TypeError unless bool, ValueError if it does not fit."""
    import dask.array as da

    mask = mask if isinstance(mask, da.Array) else da.from_array(mask if hasattr(mask, "chunks") else np.asarray(mask))
    if mask.dtype != bool:
        raise TypeError(f"mask has dtype {mask.dtype}; it must be bool, True where a sample counts")
    try:
        return da.broadcast_to(mask, image.shape).rechunk(image.chunks)
    except ValueError as error:
        raise ValueError(f"mask of shape {mask.shape} does not fit the image's {image.shape}") from error


def _chunks_of(sizes: tuple[int, ...], growth: int) -> tuple[int, ...]:
    """The chunks of the result: those of the image, with the last ones enlarged or cut."""
    if growth >= 0:
        return (*sizes[:-1], sizes[-1] + growth)
    wanted, result = sum(sizes) + growth, []
    for size in sizes:
        result.append(min(size, wanted))
        wanted -= result[-1]
    return tuple(size for size in result if size) or (0,)


def _needs(
    sizes: tuple[int, ...], out: tuple[int, ...], first: int, k: int, boundary: str
) -> list[tuple[list[int], Local]]:
    """For each chunk of the result along one axis: the chunks of the image it reads, and the samples of these."""
    lengths = np.asarray(sizes)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    edges, total = ends.tolist(), int(ends[-1])
    result: list[tuple[list[int], Local]] = []
    at = 0
    for length in out:
        begin, end = at + first, at + length + first + k - 1
        at += length
        if 0 <= begin < end <= total:  # the common case, and there may be very many chunks
            low, high = bisect.bisect_right(edges, begin), bisect.bisect_left(edges, end)
            offset = edges[low] - sizes[low]
            result.append((list(range(low, high + 1)), slice(begin - offset, end - offset)))
            continue
        index = source_indices(boundary, begin, end, total)
        inside = index[index >= 0]
        chunk_of = np.searchsorted(ends, inside, side="right")
        chunks = np.unique(chunk_of) if inside.size else np.zeros(1, int)
        before = np.concatenate(([0], np.cumsum(lengths[chunks])))
        local = np.full(index.shape, -1)
        if inside.size:
            local[index >= 0] = inside - starts[chunk_of] + before[np.searchsorted(chunks, chunk_of)]
        in_order = local.size > 0 and local[0] >= 0 and bool((np.diff(local) == 1).all())
        result.append((chunks.tolist(), slice(int(local[0]), int(local[-1]) + 1) if in_order else local))
    return result


def _nested(name: str, numbers: Sequence[list[int]], index: tuple[int, ...] = ()) -> Any:
    """Dask keys of a block of chunks, as nested lists."""
    if len(index) == len(numbers):
        return (name, *index)
    return [_nested(name, numbers, (*index, number)) for number in numbers[len(index)]]


def _compute(chunks: Any, mask: Any, local: tuple[Local, ...], spec: _Chunk) -> np.ndarray:
    """Compute one chunk of the result."""
    ndim = len(local)
    block = _select(_join(chunks, ndim), local, spec.window.cval)
    valid = _select(_join(mask, ndim), local, True) if spec.has_mask else None
    result: np.ndarray = window_sum(block, spec.kernel, spec.window, valid, spec.run())
    return result


def _join(parts: Any, ndim: int, axis: int = 0) -> np.ndarray:
    if axis == ndim:
        return np.asarray(parts)
    joined = [_join(part, ndim, axis + 1) for part in parts]
    return joined[0] if len(joined) == 1 else np.concatenate(joined, axis=axis)


def _select(array: np.ndarray, local: tuple[Local, ...], constant: complex) -> np.ndarray:
    for axis, index in enumerate(local):
        key: tuple[Any, ...] = (slice(None),) * axis
        if isinstance(index, slice):
            array = array[(*key, index)]
            continue
        array = np.take(array, np.maximum(index, 0), axis=axis)
        if (index < 0).any():
            array = array.astype(np.result_type(array.dtype, np.min_scalar_type(constant)), copy=False)
            array[(*key, index < 0)] = constant
    return array
