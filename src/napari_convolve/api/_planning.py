"""`plan` predicts how an operation would be computed; `tune` measures this machine and compiles the inner loops."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import numpy as np

from .._arrays import dtype_name
from .._progress import Planned, only_plan, quiet
from .._registry import Param
from ..backends import backend_of
from ..methods import _tuning
from ..ops.deconvolution.method_registry import DECONVOLVERS
from ..ops.matching.ncc_numba import compile_scoring as compile_scores
from ..planning import Plan
from . import _options as o

#: Functions whose plan can be asked for, besides the methods of deconvolution that are registered.
_PLANNED = (
    "convolve",
    "correlate",
    "match_template",
    "matched_filter",
    "detect_features",
    "bandpass",
    "filter_spectrum",
    "notch",
    "spectrum",
    "feature_maps",
)


def plannable() -> tuple[str, ...]:
    """Names of the functions that `plan` accepts."""
    return (*_PLANNED, *DECONVOLVERS.names())


@o.public
def plan(
    image: Any,
    kernel: Any = None,
    /,
    *,
    operation: Annotated[str, Param(choices=plannable)] = "convolve",
    **options: Any,
) -> Plan:
    """Plan how an operation would be computed, without computing it.

    Parameters
    ----------
    image : array_like or ArraySpec
        Anything with a shape and a dtype; the samples are not read.
    kernel : Kernel or array_like
        The operation's second array: kernel, template, PSF or weights; left out for operations of an image alone.
    operation : str
        Name of a public function that is planned, such as ``"convolve"`` or ``"wiener"``.
    **options
        Options of the operation.

    Returns
    -------
    Plan
        Method, backend, tiles, predicted seconds and bytes, and the reason for the choice; prints as one line.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.plan(nc.ArraySpec((64, 64), "uint8"), nc.kernels.box(size=3), method="fft").method
    'fft'
    >>> nc.plan(nc.ArraySpec((64, 64)), nc.kernels.gaussian(sigma=2), operation="wiener").tiles
    (64, 64)
    """
    import napari_convolve as nc

    if not hasattr(image, "shape") or not hasattr(image, "dtype"):
        image = np.asarray(image)
    function, arrays = getattr(nc, operation), () if kernel is None else (kernel,)
    taken = inspect.signature(function).parameters
    if unknown := sorted(set(options) - set(taken)):
        choices = ", ".join(name for name, p in taken.items() if p.kind is p.KEYWORD_ONLY)
        raise TypeError(f"plan got unknown option {unknown[0]!r}; choose from {choices}")
    try:
        with only_plan(), quiet():
            function(_zeros(image), *arrays, **options)
    except Planned as planned:
        found: Plan = planned.plan
        return found
    raise ValueError(
        f"{operation} of an image of shape {tuple(image.shape)} needs no plan: there is nothing to compute"
    )


def _zeros(image: Any) -> Any:
    """An image of the same shape, dtype and library that takes no memory."""
    source = backend_of(image)
    zeros = np.broadcast_to(np.zeros((), dtype_name(image.dtype)), tuple(image.shape))
    if source is None or source.name == "numpy":
        return zeros
    return source.xp.broadcast_to(source.to_device(np.zeros((), zeros.dtype)), zeros.shape)


@o.public
def tune(*, reset: bool = False) -> dict[str, float]:
    """Measure this machine for the planner, and compile the inner loops now instead of after the first call.

    Without it the planner uses default constants, and a first call whose best method is not compiled yet uses the next
    best one. Measuring takes less than half a second, compiling about ten seconds unless it is in Numba's disk cache.

    Parameters
    ----------
    reset : bool
        Delete the constants and the compiled code instead.

    Returns
    -------
    dict of str to float
        The constants, stored in the user's cache folder (``NAPARI_CONVOLVE_CACHE`` overrides it); empty after a reset.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.tune(reset=True)
    {}
    """
    if not reset:
        compile_scores()
    return _tuning.tune(reset=reset)
