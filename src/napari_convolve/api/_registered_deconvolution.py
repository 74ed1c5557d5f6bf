"""Public functions for registered deconvolution methods: one function in, one public function out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_type_hints

import numpy as np

from .._arrays import Array, dtype_name, wanted_dtype
from .._progress import Task
from .._registry import Param
from ..ops.deconvolution import tikhonov_landweber as tikhonov  # noqa: F401 - importing it registers it
from ..ops.deconvolution.method_registry import DECONVOLVERS, Deconvolver, Settings, deconvolve_with
from ..ops.fourier.edge_extension import EDGES
from ._convolution import as_backend, host_kernel
from ._deconvolution_arguments import Edges, MissingPolicy, as_number, as_psf_set, as_valid
from ._options import (
    Axes,
    BackendName,
    DType,
    MaxMemory,
    Progress,
    ReportCallback,
    Workers,
    as_bytes,
    as_callback,
    as_input,
    as_workers,
    documented,
    machines_for,
    one_of,
)
from ._richardson_lucy import Background, Intermediate

_INPUT = """image : array_like
    Real numbers of at least one dimension; never modified.
psf : Kernel or array_like
    The point spread function, its centre at `Kernel.center` (``N // 2`` by default), no larger than the image;
    divided by its sum. With as many axes as the image and fewer `axes`, it holds one PSF for each entry of the
    batch axes.
"""
_SHARED = """background : float
    Light that the image holds everywhere and that is no part of the object.
edges : {"extend", "periodic"}
    Let the object reach beyond the image by the PSF, or take the image as one period.
axes : int, tuple of int, optional
    The axes the PSF acts on; by default the last ``psf.ndim``. All others are batch axes (time, channel).
mask : array of bool, optional
    True where a sample counts; the others have no influence.
nan : {"raise", "omit"}
    Whether a NaN or infinite sample is an error, or treated like a masked one.
intermediate : callable, optional
    ``intermediate(iteration, object)`` after every iteration; returning True stops and keeps that object.
dtype : dtype, optional
    Of the result; by default float32 for bool, 8 and 16 bit integers, float16 and float32, else float64. Integers
    are rounded and saturated, never wrapped.
{run}

Returns
-------
array
    Of the image's shape and library.

Raises
------
TypeError, ValueError, BackendUnavailable, MemoryError
    As `richardson_lucy`.
"""


def _shared(
    *,
    background: Background = 0.0,
    edges: Edges = "extend",
    axes: Axes = None,
    mask: Any = None,
    nan: MissingPolicy = "raise",
    intermediate: Intermediate = None,
    dtype: DType = None,
    backend: BackendName = "auto",
    workers: Workers = None,
    max_memory: MaxMemory = None,
    progress: Progress = None,
    report: ReportCallback = None,
) -> Array:
    """The options of every method."""


def publish(name: str) -> Callable[..., Array]:
    """The public function of a registered method: its own parameters, then those that all share."""
    method = DECONVOLVERS.get(name)
    own = [p for p in inspect.signature(method.function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    hints = get_type_hints(method.function, include_extras=True)
    shared = dict(inspect.signature(_shared).parameters)
    arrays = [inspect.Parameter(key, inspect.Parameter.POSITIONAL_ONLY, annotation=Any) for key in ("image", "psf")]

    def function(image: Any, psf: Any, /, **given: Any) -> Array:
        unknown = sorted(set(given) - {p.name for p in own} - set(shared))
        if unknown:
            raise TypeError(f"{name}() got an unexpected keyword argument {unknown[0]!r}")
        parameters = {p.name: _checked(p.name, given.pop(p.name, p.default), hints[p.name]) for p in own}
        options = {key: given.get(key, p.default) for key, p in shared.items()}
        return _run(method, image, psf, parameters, options)

    kinds = get_type_hints(_shared, include_extras=True)
    named = [p.replace(annotation=hints[p.name]) for p in own] + [
        p.replace(annotation=kinds[p.name]) for p in shared.values()
    ]
    function.__signature__ = inspect.Signature([*arrays, *named], return_annotation=Any)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in [*arrays, *named]} | {"return": Any}
    function.__name__ = function.__qualname__ = name
    function.__module__ = method.function.__module__
    function.__doc__ = _docstring(inspect.cleandoc(method.function.__doc__ or ""))
    return documented(function)


def _docstring(text: str) -> str:
    """The method's docstring with the arrays before and the shared options after its own parameters."""
    head, mark, rest = text.partition("Parameters\n----------\n")
    own, *after = rest.split("\n\n", 1)
    found = f"{head}Parameters\n----------\n{_INPUT}{own.rstrip()}\n{_SHARED}" + "".join(f"\n{part}" for part in after)
    return found if mark else text


def _checked(name: str, value: Any, hint: Any) -> Any:
    """A parameter of the type and within the limits of its annotation."""
    kind, *extras = get_args(hint) or (hint,)
    limits = next((extra for extra in extras if isinstance(extra, Param)), Param())
    choices = limits.options()
    if choices is not None:
        return one_of(name, value, choices)
    if kind is bool:
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{name}={value!r} must be True or False")
        return bool(value)
    if kind is int and (isinstance(value, bool) or not isinstance(value, int | np.integer)):
        raise TypeError(f"{name}={value!r} must be an integer")
    if kind in (int, float):
        number = as_number(name, value, negative=True)
        if (limits.min is not None and number < limits.min) or (limits.max is not None and number > limits.max):
            bounds = [
                f"at {word} {limit}"
                for word, limit in (("least", limits.min), ("most", limits.max))
                if limit is not None
            ]
            raise ValueError(f"{name}={value!r} must be {' and '.join(bounds)}")
        return kind(value)
    return value


def _run(method: Deconvolver, image: Any, psf: Any, parameters: Mapping[str, Any], given: Mapping[str, Any]) -> Array:
    """Validate everything, then hand over to the method."""
    task = Task(method.name, as_callback("progress", given["progress"]), as_callback("report", given["report"]))
    kernel = host_kernel(psf, "psf")
    found = as_input(image, given["mask"])
    if dtype_name(found.array.dtype).startswith("complex"):
        raise TypeError(f"image has dtype {dtype_name(found.array.dtype)}; {method.name} needs real numbers")
    psfs = as_psf_set(kernel, found.array.shape, given["axes"])
    if psfs.is_complex:
        raise ValueError(f"psf is complex; {method.name} needs a real one")
    settings = Settings(
        parameters=parameters,
        background=as_number("background", given["background"]),
        edges=one_of("edges", given["edges"], EDGES),
        intermediate=as_callback("intermediate", given["intermediate"]),
        dtype=wanted_dtype(given["dtype"], complex_result=None),
    )
    machines = machines_for(as_backend(given["backend"]), found.source)
    threads, limit = as_workers(given["workers"]), as_bytes(given["max_memory"])
    valid = as_valid(found.array, found.mask, given["nan"], psfs.axes, found.source)
    result = deconvolve_with(
        method,
        found.array,
        psfs,
        settings,
        valid,
        source=found.source,
        machines=machines,
        workers=threads,
        max_memory=limit,
        task=task,
    )
    task.finish()
    return result


landweber = publish("landweber")
