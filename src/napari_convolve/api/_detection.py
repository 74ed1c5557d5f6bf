"""`detect_features`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np

from .._progress import Task
from .._registry import Param
from ..ops.matching import feature_search as ops
from ..ops.matching.detections import Detections
from . import _options as o
from ._detection_arguments import as_region, as_rule, as_templates, as_threshold, bank_of
from ._template_matching import TemplateMask, as_real_input

Threshold = Annotated[float | None, Param(min=-1, max=1, step=0.01, label="threshold")]
FalseAlarms = Annotated[float | None, Param(min=0, label="false detections expected")]
Distance = Annotated[Any, Param(min=0, unit="px", label="least distance")]
Share = Annotated[float | None, Param(min=0, max=1, step=0.05)]
Count = Annotated[int | None, Param(min=1, label="at most")]


@o.public_with_masks("image", "templates")
def detect_features(
    image: Any,
    templates: Any,
    /,
    *,
    template_mask: TemplateMask = None,
    threshold: Threshold = None,
    false_alarms: FalseAlarms = None,
    rotations: Any = None,
    scales: Any = None,
    min_distance: Distance = None,
    max_overlap: Share = None,
    max_count: Count = None,
    subpixel: bool = True,
    region: Any = None,
    min_valid: Annotated[float, Param(min=0, max=1, step=0.05, advanced=True)] = 0.5,
    axes: o.Axes = None,
    boundary: o.Boundary = "reflect",
    cval: o.CVal = 0.0,
    shape: o.OutputShape = "same",
    origin: o.Origin = 0,
    mask: Any = None,
    nan: o.NaN = "propagate",
    method: o.MethodName = "auto",
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
    scores: Callable[[ops.FeatureScores], object] | None = None,
) -> Detections:
    """Find every position where an image resembles a template.

    Detections are peaks of the normalised cross-correlation over all templates, rotations and scales.

    Parameters
    ----------
    {real.image}
    templates : Kernel or array_like, or a list of these
        Each with at most as many dimensions as the image.
    template_mask : array_like of bool, or a list of these, optional
        Of the template's shape, True where a sample is compared; rotated together with the template.
    threshold : float, optional
        Lowest score of a detection, by default 0.7.
    false_alarms : float, optional
        Instead of a threshold: mean number of false detections allowed in the whole image (see Notes).
    rotations : sequence of float, scipy.spatial.transform.Rotation, optional
        Angles in degrees in the plane of the template's last two axes, as in ``scipy.ndimage.rotate(template, angle)``;
        for three dimensions also rotations of offsets in the order of the axes, such as `covering_rotations` makes.
    scales : sequence of float, optional
        Magnifications of the template.
    min_distance : float, sequence of float, optional
        Of two detections closer than this distance in pixels (one for all axes or each), the better one is kept.
    max_overlap : float, optional
        Of two detections whose windows overlap by more than this share (intersection over union), the better one is
        kept; 0 allows no overlap. By default 0.3, unless `min_distance` is given.
    max_count : int, optional
        Keep at most this many detections, the best ones.
    subpixel : bool
        Refine positions below one sample by a least squares fit of the shifted template.
    region : array_like of bool, optional
        Of the image's shape, True where the template's centre may lie.
    min_valid : float
        Smallest share of the template's samples that must be valid: inside the image and not left out by `mask` or
        ``nan="omit"``. 1 allows only windows that lie completely in the image.
    {axes, boundary, cval, shape, origin, mask, nan, method, backend, workers, max_memory, progress, report}
    scores : callable(FeatureScores), optional
        Called once with the score ``map``, its ``peaks``, the ``null`` distribution, and ``detections(threshold=...)``,
        which selects detections again without repeating the correlation.

    Returns
    -------
    Detections
        Coordinates, scores, templates, rotations, angles and scales, best first. ``shape="valid"`` allows only windows
        within the image, ``"full"`` also centres outside.

    Raises
    ------
    TypeError
        When image or templates are complex or not numeric, or an option has the wrong type.
    ValueError
        When a template is flat, contains NaN or is larger than the image; when a mask leaves no sample; when both
        `threshold` and `false_alarms` are given; or an option has an invalid value.
    {BackendUnavailable, MemoryError}

    Notes
    -----
    The null distribution is estimated from the image itself: from the peaks of its score map, without outliers far
    above the others and without all peaks whose windows overlap these. The expected number of null peaks above a score
    is the tail of the peak heights of a random field, fitted by maximum likelihood to the highest 3 % of the remaining
    peaks, or to the 27 % below these where the two fits disagree strongly (many faint features among the highest).
    `Detections.null` holds the histogram and the fitted tail. Side lobes are rejected: next to a better detection, a
    peak is kept only if it reaches the threshold, and 0.6 of the other's score, after that detection is subtracted.

    References
    ----------
    .. [1] R. Adler, The Geometry of Random Fields, Wiley 1981.
    .. [2] K. Worsley, Local maxima and the expected Euler characteristic of excursion sets of chi-squared, F and t
       fields, Adv. Appl. Probab. 26 (1994) 13.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> image = np.zeros((40, 50))
    >>> image[10:13, 20:23] = image[30:33, 5:8] = [[0, 1, 0], [1, 2, 0], [0, 0, 0]]
    >>> found = nc.detect_features(image, image[9:14, 19:24])
    >>> found.coordinates.round(2).tolist()
    [[11.0, 21.0], [31.0, 6.0]]
    """
    task = Task("detect_features", progress, report)
    patterns = as_templates(templates, template_mask)
    level, alarms = as_threshold(threshold, false_alarms)
    given = as_real_input(image, mask)
    size = tuple(given.array.shape)
    acted = o.as_axes(axes, size, len(patterns[0].shape), "template")
    order = tuple(int(a) for a in np.argsort(acted))
    bank = bank_of(patterns, scales, rotations, order)
    call = o.WindowCall(tuple(acted[a] for a in order), boundary, cval, shape, _ordered(origin, order), nan)
    window = call.window("correlate", o.spec_of(given.array), bank.window, "template")
    for pattern in patterns:
        for axis, k in zip(acted, pattern.shape, strict=True):
            if k > size[axis]:
                raise ValueError(
                    f"a template of shape {pattern.shape} is larger than the image: {k} > {size[axis]}, axis {axis}"
                )
    search = ops.Search(
        threshold=level,
        false_alarms=alarms,
        rule=as_rule(min_distance, max_overlap, order),
        max_count=max_count,
        subpixel=subpixel,
        min_valid=min_valid,
        region=as_region(region, size),
        order=tuple(int(a) for a in np.argsort(order)),
    )
    run = o.execution(given.source, task, backend, workers, max_memory, method)
    scored = ops.score_features(ops.Where(given.array, given.mask, run), bank, window, search)
    found = scored.detections()
    task.detail(detections=len(found), threshold=found.threshold)
    if found.null is not None:
        task.detail(null=found.null)
        task.assume(f"chance learnt from {found.null.share:.0%} of the image, the rest is near features")
    task.finish()
    if scores is not None:
        scores(scored)
    return found


def _ordered(origin: Any, order: tuple[int, ...]) -> Any:
    """The origin of each axis, in another order; anything else as it is."""
    if isinstance(origin, Sequence | np.ndarray) and len(origin) == len(order):
        return tuple(origin[a] for a in order)
    return origin
