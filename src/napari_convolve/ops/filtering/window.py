"""Convolution and correlation of an image: geometry of the windows, plan and tile loop.

With ``c`` the kernel's centre and ``o`` the origin, convolution is ``sum_j f[i + c + o - j] w[j]`` and correlation
``sum_j f[i - c - o + j] conj(w[j])``. A correlation is the convolution with the reversed kernel, whose centre is
``K - 1 - c``; the weights are reversed, which is exact, not their transform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..._arrays import Array, compute_dtype, dtype_name
from ...backends import SESSION, Backend
from ...kernels import Kernel
from ...methods import METHODS, Factors, PreparedKernel, SampleSource, coarse_steps
from ...planning import Machine, Problem, make_plan
from ..execution.execution import Execution, WindowGeometry, tile_loop
from .normalized_convolution import WindowSum, signed_parts

#: Below these, a sum by FFT in single or double precision rounds to the right integer.
_SINGLE_INTEGERS, _DOUBLE_INTEGERS = 2.0**18, 2.0**51


@dataclass(frozen=True)
class Window:
    """The validated options of a window operation, named as in the public functions.

    `operation` is ``"convolve"`` or ``"correlate"``. `axes` are not negative, with one axis and one origin for each
    axis of the kernel.
    """

    operation: str
    axes: tuple[int, ...]
    boundary: str
    cval: complex
    shape: str
    origin: tuple[int, ...]
    nan: str
    dtype: str | None


def window_sum(image: Array, kernel: Kernel, window: Window, valid: Array | None, run: Execution) -> Array:
    """Convolve or correlate `image` with `kernel`; see `napari_convolve.convolve`.

    Parameters
    ----------
    image : array
        Of the library `run.source`.
    valid : array of bool or None
        Of the image's shape; False samples are left out.
    """
    applied, center = as_convolution(kernel, window)
    dtype, watched = dtype_name(image.dtype), run.task.responsive
    factors = tuple(applied.factors() or ())
    geometry = window_geometry(image.shape, dtype, applied, window, center, valid is not None, watched, factors)
    problem = geometry.problem
    if 0 in problem.out:
        return run.source.empty(problem.out, geometry.dtype)
    largest = largest_integer(image, applied, window, run.source)
    plan = run.plan(problem, METHODS.values())
    rounded = largest is not None and not sums_integers(plan.method, factors)
    if largest is not None and rounded and problem.compute == "float32" and largest >= _SINGLE_INTEGERS:
        problem = replace(problem, compute="float64")
        geometry = replace(geometry, problem=problem)
        plan = run.plan(problem, METHODS.values())
        rounded = not sums_integers(plan.method, factors)
    run.task.plan = plan
    run.check_room(problem.out, geometry.dtype)
    weights = make_weights(applied, window.axes, problem.compute, factors)
    method = METHODS.get(plan.method)
    parts = signed_parts(applied, window.axes) if problem.masked else ()
    compute = WindowSum(method, weights, window.nan == "omit", parts, rounded)
    read = None
    if valid is None and not rounded and plan.backend == run.source.name == "numpy":
        read = method.tiles(image, weights, SampleSource(geometry.first, window.boundary, window.cval), problem)
    result = tile_loop(image, valid, geometry, plan, compute, METHODS.values(), run, read)
    if run.method == "auto":
        compile_later(problem, run.machines)
    return result


def largest_integer(image: Array, kernel: Kernel, window: Window, source: Backend) -> float | None:
    """Upper limit of the sums of an integer image and kernel; None for others, and for sums not exact in doubles."""
    name, values = dtype_name(image.dtype), kernel.values
    outside = np.real(window.cval) if window.boundary == "constant" else 0.0
    if not name.startswith(("bool", "int", "uint")) or values.dtype.kind != "f" or outside != np.rint(outside):
        return None
    if not np.array_equal(values, np.rint(values)):
        return None
    if name in ("bool", "int8", "uint8", "int16", "uint16"):  # no need to look at the image, whose plan then is its own
        most = 1 if name == "bool" else max(abs(int(np.iinfo(name).min)), int(np.iinfo(name).max))
    else:
        most = max(abs(int(source.xp.min(image))), abs(int(source.xp.max(image))))
    largest = float(np.abs(values).sum()) * max(most, abs(outside))
    return largest if largest < _DOUBLE_INTEGERS else None


def sums_integers(method: str, factors: Factors) -> bool:
    """Whether a method adds integers without rounding: all its partial sums are integers too."""
    whole = len(factors) == 1 and all(np.array_equal(vector, np.rint(vector)) for vector in factors[0])
    return method == "direct" or (method == "separable" and whole)


def compile_later(problem: Problem, machines: Sequence[Machine]) -> None:
    """Compile, after this call, code that would have been faster if it had been ready."""
    ready = SESSION.ready()
    if all(ready.issuperset(method.codes(problem)) for method in METHODS.values()):
        return
    best = METHODS.get(make_plan(problem, machines, METHODS.values(), compiled=True).method)
    if missing := [code.function for code in best.codes(problem) if code not in ready]:
        SESSION.later(missing)  # starts a thread


def in_order(kernel: Kernel, window: Window) -> tuple[Kernel, Window]:
    """Kernel and options with the axes in rising order, as all functions below expect them."""
    order, window = rising_axes(window)
    if order == tuple(range(kernel.ndim)):
        return kernel, window
    values = kernel.values.transpose(order)
    return Kernel(values, tuple(kernel.center[a] for a in order), name=kernel.name), window


def rising_axes(window: Window) -> tuple[tuple[int, ...], Window]:
    """The order that sorts the axes of the options, and the options in that order."""
    order = tuple(int(a) for a in np.argsort(window.axes))
    axes, origin = (tuple(values[a] for a in order) for values in (window.axes, window.origin))
    return order, replace(window, axes=axes, origin=origin)


def as_convolution(kernel: Kernel, window: Window) -> tuple[Kernel, tuple[int, ...]]:
    """The convolution kernel of an operation, and its centre plus origin along each axis."""
    if window.operation == "correlate":
        kernel = kernel.flipped()
        origin = tuple(-o for o in window.origin)
    else:
        origin = window.origin
    return kernel, tuple(c + o for c, o in zip(kernel.center, origin, strict=True))


def window_geometry(
    shape: tuple[int, ...],
    dtype: str,
    kernel: Kernel,
    window: Window,
    center: tuple[int, ...],
    masked: bool,
    responsive: bool,
    factors: Factors = (),
) -> WindowGeometry:
    """Geometry and problem of a convolution with `kernel`; `center` includes the origin."""
    masked = masked or window.nan == "omit"
    out, first = window_shape(shape, kernel, window), []
    for k, c, shifted in zip(kernel.shape, kernel.center, center, strict=True):
        start = {"same": 0, "full": -c, "valid": k - 1 - c}[window.shape]
        first.append(start + shifted - (k - 1))
    is_complex = kernel.values.dtype.kind == "c"
    compute = compute_dtype(dtype, complex_kernel=is_complex, wanted=window.dtype)
    problem = Problem(
        operation=window.operation,
        shape=tuple(shape),
        dtype=dtype,
        out=out,
        compute=compute,
        axes=window.axes,
        kernel=kernel.shape,
        taps=int(np.count_nonzero(kernel.values)),
        terms=separable_terms(kernel, factors, masked),
        flat=bool((kernel.values == kernel.values.flat[0]).all()),
        steps=coarse_steps(factors[0]) if len(factors) == 1 and compute == "float32" and not masked else (),
        boundary=window.boundary,
        masked=masked,
        responsive=responsive,
    )
    return WindowGeometry(problem, tuple(first), window.boundary, window.cval, window.dtype or compute)


def window_shape(shape: Sequence[int], kernel: Kernel, window: Window) -> tuple[int, ...]:
    """Shape of the result."""
    out = list(shape)
    for axis, k in zip(window.axes, kernel.shape, strict=True):
        out[axis] += {"same": 0, "full": k - 1, "valid": 1 - k}[window.shape]
    return tuple(out)


def separable_terms(kernel: Kernel, factors: Factors, masked: bool) -> int:
    """Number of separable terms of the kernel, 0 for none; with missing samples each sign must be separable itself."""
    if masked and kernel.values.dtype.kind == "f":
        parts = signed_parts(kernel, tuple(range(kernel.ndim)))
        return 1 if parts and all(part.factors for _, part in parts) else 0
    return len(factors)


def make_weights(kernel: Kernel, axes: tuple[int, ...], compute: str, factors: Factors) -> PreparedKernel:
    """The kernel's values and factors in the dtype of the computation."""
    cast = tuple(tuple(vector.astype(compute) for vector in term) for term in factors)
    return PreparedKernel(np.ascontiguousarray(kernel.values.astype(compute)), axes, cast)
