"""`match_template`: validate, then delegate."""

from __future__ import annotations

from typing import Annotated, Any

from .._arrays import Array, compute_dtype, dtype_name, wanted_dtype
from .._progress import Task
from .._registry import Param
from ..backends import backend_of
from ..boundary import MODES
from ..kernels import Kernel
from ..ops.filtering.window import SHAPES, Window
from ..ops.matching import template_matching as ops
from ..ops.matching.rotated_templates import Frame
from ..ops.matching.template import Pattern, as_pattern
from ._convolution import NAN_POLICIES, as_backend, as_method
from ._options import (
    Axes,
    BackendName,
    Boundary,
    CVal,
    DType,
    Input,
    MaxMemory,
    MethodName,
    NaN,
    Origin,
    OutputShape,
    Progress,
    ReportCallback,
    Workers,
    as_axes,
    as_bytes,
    as_callback,
    as_cval,
    as_input,
    as_origin,
    as_workers,
    documented,
    machines_for,
    one_of,
)

TemplateMask = Annotated[Any, Param(label="template mask", advanced=True)]


@documented
def match_template(
    image: Any,
    template: Any,
    /,
    *,
    template_mask: TemplateMask = None,
    axes: Axes = None,
    boundary: Boundary = "reflect",
    cval: CVal = 0.0,
    shape: OutputShape = "same",
    origin: Origin = 0,
    mask: Any = None,
    nan: NaN = "propagate",
    dtype: DType = None,
    method: MethodName = "auto",
    backend: BackendName = "auto",
    workers: Workers = None,
    max_memory: MaxMemory = None,
    progress: Progress = None,
    report: ReportCallback = None,
) -> Array:
    """Score the similarity of a template and every window of an image: 1 is equal up to brightness and contrast.

    The zero-mean normalised cross-correlation, with f the samples of the window and t those of the template:
    ``sum (f - mean f)(t - mean t) / sqrt(sum (f - mean f)^2 sum (t - mean t)^2)``. -1 is the inverted template. The
    score does not depend on offset and contrast of the image. A window whose samples are all equal scores 0.

    Parameters
    ----------
    {real.image}
    template : Kernel or array_like
        Real numbers, with at most as many dimensions as the image.
    template_mask : array_like of bool, optional
        Of the template's shape, True where a sample is compared; the others are ignored in template and windows.
    {axes, boundary, cval, shape, origin, mask, nan, dtype, method, backend, workers, max_memory, progress, report}

    Returns
    -------
    array
        Scores in [-1, 1]. With ``shape="same"`` the score is at the template's centre, ``N // 2`` along each axis; with
        ``"valid"`` at its first sample, as in `skimage.feature.match_template` and OpenCV's TM_CCOEFF_NORMED.

    Raises
    ------
    TypeError
        When image or template is complex or not numeric, or an option has the wrong type.
    ValueError
        When the template is flat, contains NaN, or is larger than the image with ``shape="valid"``; when a mask leaves
        no sample; or an option has an unknown value.
    {BackendUnavailable, MemoryError}

    Notes
    -----
    Where samples of the image are masked or omitted, each window is scored on its valid samples, with means and
    variances of both image and template over these; a window without valid samples is NaN.

    References
    ----------
    .. [1] J. P. Lewis, Fast normalized cross-correlation, Vision Interface 1995, 120-123.
    .. [2] D. Padfield, Masked object registration in the Fourier domain, IEEE Trans. Image Process. 21 (2012) 2706.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.match_template([5, 5, 9, 1, 5, 5], [2, -2]).round(3).tolist()
    [0.0, 0.0, -1.0, 1.0, -1.0, 0.0]
    """
    given = locals()
    task = Task("match_template", as_callback("progress", progress), as_callback("report", report))
    pattern = host_pattern(template, template_mask)
    source = as_real_input(image, mask)
    window = as_match_window(source.array.shape, dtype_name(source.array.dtype), pattern, given)
    result = ops.template_scores(
        source.array,
        pattern,
        window,
        source.mask,
        source=source.source,
        machines=machines_for(as_backend(backend), source.source),
        method=as_method(method),
        workers=as_workers(workers),
        max_memory=as_bytes(max_memory),
        task=task,
    )
    task.finish()
    return result


def host_pattern(template: Any, template_mask: Any = None) -> Pattern:
    """A pattern from a Kernel, or an array on any device."""
    arrays = []
    for array in (template, template_mask):
        backend = None if array is None or isinstance(array, Kernel) else backend_of(array)
        arrays.append(array if backend is None or backend.name == "numpy" else backend.to_host(array))
    return as_pattern(*arrays)


def as_real_input(image: Any, mask: Any) -> Input:
    """An image of real numbers, and a mask that leaves some of them."""
    given = as_input(image, mask)
    if dtype_name(given.array.dtype).startswith("complex"):
        raise TypeError("image is complex; normalised cross-correlation needs real numbers")
    if given.mask is not None and 0 not in given.mask.shape and not bool(given.source.xp.any(given.mask)):
        raise ValueError("mask leaves no sample of the image")
    return given


def as_match_window(shape: tuple[int, ...], dtype: str, pattern: Pattern | Frame, settings: dict[str, Any]) -> Window:
    """The window options, validated against the image and the template."""
    axes = as_axes(settings["axes"], len(shape), len(pattern.shape), "template")
    mode = one_of("shape", settings["shape"], SHAPES)
    for axis, k in zip(axes, pattern.shape, strict=True):
        if shape[axis] == 0:
            raise ValueError(f"image of shape {shape} has no samples along axis {axis}, which the template acts on")
        if mode == "valid" and k > shape[axis]:
            raise ValueError(
                f"shape='valid' needs a template no longer than the image: {k} > {shape[axis]}, axis {axis}"
            )
    return Window(
        operation="correlate",
        axes=axes,
        boundary=one_of("boundary", settings["boundary"], MODES.names()),
        cval=as_cval(settings["cval"], complex_result=False),
        shape=mode,
        origin=as_origin(settings["origin"], pattern.center, pattern.shape, mode),
        nan=one_of("nan", settings["nan"], NAN_POLICIES),
        dtype=wanted_dtype(settings["dtype"], complex_result=compute_dtype(dtype).startswith("complex")),
    )
