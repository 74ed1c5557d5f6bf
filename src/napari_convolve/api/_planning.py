"""`plan` says how something would be computed; `tune` readies the planner and the compiled loops for this machine."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from .._arrays import dtype_name
from .._progress import Planned, only_plan, quiet
from .._registry import Param
from ..backends import backend_of, get_backend
from ..methods import _tuning
from ..ops.deconvolution import tikhonov_landweber as tikhonov  # noqa: F401 - importing it registers it
from ..ops.deconvolution.method_registry import DECONVOLVERS
from ..ops.filtering import window as ops
from ..ops.matching.ncc_numba import compile_common as compile_scores
from ..planning import ArraySpec, Plan, make_plan
from ._convolution import as_backend, as_method, as_window, convolve, host_kernel
from ._options import as_bytes, as_workers, machines_for, one_of

#: Functions whose plan can be asked for, besides the methods of deconvolution that are registered.
_PLANNED = (
    "convolve",
    "correlate",
    "match_template",
    "matched_filter",
    "detect_features",
    "wiener",
    "richardson_lucy",
    "bandpass",
    "filter_spectrum",
    "notch",
    "spectrum",
    "feature_maps",
)


def plannable() -> tuple[str, ...]:
    """Names of the functions whose plan can be asked for."""
    return (*_PLANNED, *DECONVOLVERS.names())


def plan(
    image: Any,
    kernel: Any = None,
    /,
    *,
    operation: Annotated[str, Param(choices=plannable)] = "convolve",
    **options: Any,
) -> Plan:
    """Say how an operation would be computed, without doing it.

    Parameters
    ----------
    image : array_like or ArraySpec
        Anything with a shape and a dtype; its samples do not matter.
    kernel : Kernel or array_like
        As for the operation: the kernel, the template, the PSF, the weights; nothing for those that take only an image.
    operation : str
        Name of any public function that computes by a plan, such as ``"convolve"`` or ``"wiener"``.
    **options
        The operation's own.

    Returns
    -------
    Plan
        Method, backend, tiles, predicted seconds and bytes, and why; prints as one line.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.plan(nc.ArraySpec((64, 64), "uint8"), nc.kernels.box(size=3), method="fft").method
    'fft'
    >>> nc.plan(nc.ArraySpec((64, 64)), nc.kernels.gaussian(sigma=2), operation="wiener").tiles
    (64, 64)
    """
    one_of("operation", operation, plannable())
    if operation not in ("convolve", "correlate"):
        return _asked(operation, image, () if kernel is None else (kernel,), options)
    settings = dict(convolve.__kwdefaults__ or {})
    unknown = sorted(set(options) - set(settings))
    if unknown:
        raise TypeError(f"plan got unknown option {unknown[0]!r}; choose from {', '.join(sorted(settings))}")
    settings.update(options)
    if not hasattr(image, "shape") or not hasattr(image, "dtype"):
        image = np.asarray(image)
    spec = ArraySpec(tuple(image.shape), dtype_name(image.dtype))
    kernel, window = as_window(operation, spec.shape, spec.dtype, host_kernel(kernel), settings)
    applied, reach = ops.as_convolution(kernel, window)
    masked, watched = settings["mask"] is not None, settings["progress"] is not None
    factors = tuple(applied.factors() or ())
    sweep = ops.window_sweep(spec.shape, spec.dtype, applied, window, reach, masked, watched, factors)
    return make_plan(
        sweep.problem,
        machines_for(as_backend(settings["backend"]), backend_of(image) or get_backend("numpy")),
        ops.methods(),
        method=as_method(settings["method"]),
        workers=as_workers(settings["workers"]),
        max_memory=as_bytes(settings["max_memory"]),
    )


def _asked(operation: str, image: Any, arrays: tuple[Any, ...], options: dict[str, Any]) -> Plan:
    """Call an operation until it knows how it would compute; the image is zeros that take no memory."""
    import napari_convolve as nc

    if not hasattr(image, "shape") or not hasattr(image, "dtype"):
        image = np.asarray(image)
    zeros = np.broadcast_to(np.zeros((), dtype_name(image.dtype)), tuple(image.shape))
    try:
        with only_plan(), quiet():
            getattr(nc, operation)(zeros, *arrays, **options)
    except Planned as planned:
        found: Plan = planned.plan
        return found
    raise ValueError(
        f"{operation} of an image of shape {tuple(image.shape)} needs no plan: there is nothing to compute"
    )


def tune(*, reset: bool = False) -> dict[str, float]:
    """Measure this machine for the planner and compile the inner loops now, instead of after a first call.

    Without it the planner uses fixed constants, and a first call whose best method is not compiled yet uses the
    next best. Compiling takes some ten seconds where the code is not in Numba's cache on disk; measuring takes
    less than half a second.

    Parameters
    ----------
    reset : bool
        Forget the constants and the compiled code instead.

    Returns
    -------
    dict of str to float
        The constants, kept in the user's cache folder (``NAPARI_CONVOLVE_CACHE`` overrides it); empty after a reset.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.tune(reset=True)
    {}
    """
    if not reset:
        compile_scores()
    return _tuning.tune(reset=reset)
