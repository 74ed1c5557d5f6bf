"""`match_template`: validate, then delegate."""

from __future__ import annotations

from typing import Annotated, Any

from .._arrays import Array, dtype_name
from .._progress import Task
from .._registry import Param
from ..backends import backend_of
from ..kernels import Kernel
from ..ops.matching import template_matching as ops
from ..ops.matching.template import Pattern, as_pattern
from . import _options as o

TemplateMask = Annotated[Any, Param(label="template mask", advanced=True)]


@o.public_with_masks("image", "template")
def match_template(
    image: Any,
    template: Any,
    /,
    *,
    template_mask: TemplateMask = None,
    axes: o.Axes = None,
    boundary: o.Boundary = "reflect",
    cval: o.CVal = 0.0,
    shape: o.OutputShape = "same",
    origin: o.Origin = 0,
    mask: Any = None,
    nan: o.NaN = "propagate",
    dtype: o.DType = None,
    method: o.MethodName = "auto",
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
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
    task = Task("match_template", progress, report)
    pattern = host_pattern(template, template_mask)
    given = as_real_input(image, mask)
    call = o.WindowCall(axes, boundary, cval, shape, origin, nan, dtype)
    window = call.window("correlate", o.spec_of(given.array), pattern, "template")
    run = o.execution(given.source, task, backend, workers, max_memory, method)
    result = ops.template_scores(given.array, pattern, window, given.mask, run)
    task.finish()
    return result


def host_pattern(template: Any, template_mask: Any = None) -> Pattern:
    """A pattern from a Kernel, or an array on any device."""
    arrays = []
    for array in (template, template_mask):
        backend = None if array is None or isinstance(array, Kernel) else backend_of(array)
        arrays.append(array if backend is None or backend.name == "numpy" else backend.to_host(array))
    return as_pattern(*arrays)


def as_real_input(image: Any, mask: Any) -> o.Input:
    """An image of real numbers, and a mask that leaves some of them."""
    given = o.as_input(image, mask)
    if dtype_name(given.array.dtype).startswith("complex"):
        raise TypeError("image is complex; normalised cross-correlation needs real numbers")
    if given.mask is not None and 0 not in given.mask.shape and not bool(given.source.xp.any(given.mask)):
        raise ValueError("mask leaves no sample of the image")
    return given
