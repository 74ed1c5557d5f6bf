"""Public functions for registered deconvolution methods: one function in, one public function out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from .._arrays import Array, wanted_dtype
from .._progress import Task
from ..ops.deconvolution.method_registry import DECONVOLVERS, Deconvolver, MethodOptions, deconvolve_with
from . import _options as o
from ._deconvolution_arguments import Edges, MissingPolicy, as_light, as_valid
from ._richardson_lucy import Background, Intermediate

_INPUT = "{real.image, psf}\n"
_SHARED = """{background, object.edges, psf.axes, ignored.mask, raise.nan, intermediate, real.dtype}
{backend, workers, max_memory, progress, report}

Returns
-------
{same.array}

Raises
------
{TypeError}
ValueError
    When the PSF is larger than the image, complex, negative, not finite or sums to zero, a parameter is outside its
    limits, or the image holds NaN and ``nan="raise"``.
{BackendUnavailable, MemoryError}
"""


def _shared(
    *,
    background: Background = 0.0,
    edges: Edges = "extend",
    axes: o.Axes = None,
    mask: Any = None,
    nan: MissingPolicy = "raise",
    intermediate: Intermediate = None,
    dtype: o.DType = None,
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Array:
    """The options of every method."""


def publish(name: str) -> Callable[..., Array]:
    """The public function of a registered method: its own parameters, then those that all share."""
    method = DECONVOLVERS.get(name)
    assert method.function is not None, "those without one have a public function written out"
    own = [p for p in inspect.signature(method.function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    hints = get_type_hints(method.function, include_extras=True)
    shared = dict(inspect.signature(_shared).parameters)
    arrays = [inspect.Parameter(key, inspect.Parameter.POSITIONAL_ONLY, annotation=Any) for key in ("image", "psf")]

    def function(image: Any, psf: Any, /, **given: Any) -> Array:
        parameters = {p.name: given.pop(p.name, p.default) for p in own}
        if unknown := sorted(set(given) - set(shared)):
            raise TypeError(f"{name}() got an unexpected keyword argument {unknown[0]!r}")
        return _run(method, image, psf, parameters, {key: given.get(key, p.default) for key, p in shared.items()})

    kinds = get_type_hints(_shared, include_extras=True)
    named = [p.replace(annotation=hints[p.name]) for p in own] + [
        p.replace(annotation=kinds[p.name]) for p in shared.values()
    ]
    function.__signature__ = inspect.Signature([*arrays, *named], return_annotation=Any)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in [*arrays, *named]} | {"return": Any}
    function.__name__ = function.__qualname__ = name
    function.__module__ = method.function.__module__
    function.__doc__ = _docstring(inspect.cleandoc(method.function.__doc__ or ""))
    return o.public(function)


def _docstring(text: str) -> str:
    """The method's docstring with the arrays before and the shared options after its own parameters."""
    head, mark, rest = text.partition("Parameters\n----------\n")
    own, *after = rest.split("\n\n", 1)
    found = f"{head}Parameters\n----------\n{_INPUT}{own.rstrip()}\n{_SHARED}" + "".join(f"\n{part}" for part in after)
    return found if mark else text


def _run(method: Deconvolver, image: Any, psf: Any, parameters: Mapping[str, Any], given: Mapping[str, Any]) -> Array:
    """Validate everything, then hand over to the method."""
    task = Task(method.name, given["progress"], given["report"])
    found = o.as_input(image, given["mask"])
    psfs = as_light(found, o.host_kernel(psf, "psf"), given["axes"], method.name)
    options = MethodOptions(
        parameters=parameters,
        background=given["background"],
        edges=given["edges"],
        intermediate=given["intermediate"],
        dtype=wanted_dtype(given["dtype"], complex_result=None),
    )
    run = o.execution(found.source, task, given["backend"], given["workers"], given["max_memory"])
    valid = as_valid(found.array, found.mask, given["nan"], psfs.axes, found.source)
    result = deconvolve_with(method, found.array, psfs, options, valid, run)
    task.finish()
    return result


landweber = publish("landweber")
