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
from ._convolution import WindowCall, spec_of
from ._detection_arguments import as_region, as_rule, as_templates, as_threshold, bank_of
from ._template_matching import TemplateMask, as_real_input

Threshold = Annotated[float | None, Param(min=-1, max=1, step=0.01, label="threshold")]
FalseAlarms = Annotated[float | None, Param(min=0, label="false detections expected")]
Distance = Annotated[Any, Param(min=0, unit="px", label="least distance")]
Share = Annotated[float | None, Param(min=0, max=1, step=0.05)]
Count = Annotated[int | None, Param(min=1, label="at most")]


@o.validated
@o.documented
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
    """Find every place of an image that looks like a template.

    Peaks of the normalised cross-correlation (`match_template`), over all templates, rotations and scales.

    Parameters
    ----------
    image : array_like
        Real numbers of at least one dimension; never modified.
    templates : Kernel or array_like, or a list of these
        No more dimensions than the image.
    template_mask : array_like of bool, or a list of these, optional
        Of the template's shape, True where a sample counts; it turns with the template.
    threshold : float, optional
        Least score of a detection, by default 0.7.
    false_alarms : float, optional
        Instead of a threshold: how many detections chance alone may give in the whole image, on average (see Notes).
    rotations : sequence of float, scipy.spatial.transform.Rotation, optional
        Degrees in the plane of the template's last two axes, in the sense of ``scipy.ndimage.rotate(template, angle)``;
        or for three dimensions rotations of offsets in the order of the axes (`covering_rotations` makes sets).
    scales : sequence of float, optional
        Sizes relative to the template.
    min_distance : float, sequence of float, optional
        Of two detections nearer than this, in pixels (or along each axis), the better one stays.
    max_overlap : float, optional
        Of two detections whose windows share more than this part of their union, the better one stays; 0 allows no
        overlap. By default 0.3 when `min_distance` is not given either.
    max_count : int, optional
        Only the best so many.
    subpixel : bool
        Find places between the samples, by the least squares fit of the template shifted by fractions.
    region : array_like of bool, optional
        Where the template's centre may lie.
    min_valid : float
        The least share of the template's samples that the image must have: inside it, and not left out by `mask` or
        ``nan="omit"``. 1 keeps to windows within the image.
    {window}
    {run}
    scores : callable(FeatureScores), optional
        Called once with the scores themselves: their ``map``, its ``peaks``, the ``null`` that chance gives, and
        ``detections(threshold=...)``, which finds again without correlating again.

    Returns
    -------
    Detections
        Coordinates, scores, templates, rotations, angles and scales, best first. ``shape="valid"`` keeps to templates
        that lie within the image, ``"full"`` finds centres outside as well.

    Raises
    ------
    TypeError
        When image or templates hold complex or no numbers, or an option has the wrong type.
    ValueError
        When a template is flat, holds NaN or is larger than the image; when a mask leaves no sample; when threshold and
        false_alarms are both given; or an option has a value that it cannot have.
    BackendUnavailable, MemoryError
        As `convolve`.

    Notes
    -----
    What chance gives is learnt from the image itself: from the peaks of its score map, those left out that stand far
    above the others and all whose windows share samples with theirs. The number of peaks that chance puts above a score
    follows the law of high peaks of a random field, fitted to the highest three in a hundred of the rest by maximum
    likelihood, or to the 27 in a hundred below these where they disagree widely (many faint features among the
    highest); `Detections.null` holds their histogram and the law. Beside a better detection a peak counts only when
    it reaches the threshold, and 0.6 of the other's score, after the other has been subtracted: the flanks of a feature
    are no features.

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
    acted = o.as_axes(axes, len(size), len(patterns[0].shape), "template")
    order = tuple(int(a) for a in np.argsort(acted))
    bank = bank_of(patterns, scales, rotations, order)
    call = WindowCall(tuple(acted[a] for a in order), boundary, cval, shape, _ordered(origin, order), nan)
    window = call.window("correlate", spec_of(given.array), bank.frame, "template")
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
