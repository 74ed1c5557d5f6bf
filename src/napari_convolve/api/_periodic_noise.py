"""`notch` and `find_periodic_noise`: validate, then delegate."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from .._arrays import Array
from .._progress import Task
from .._registry import Param
from ..ops.fourier.band_filters import Notch
from ..ops.fourier.spectral_filter import filter_image
from ..ops.fourier.spectrum_data import Peaks
from ..ops.periodic_noise import wave_removal as noise
from . import _options as o
from ._deconvolution_arguments import Edges, MissingPolicy, as_valid
from ._fourier_arguments import Acted, Spacing, as_acted, as_filter

NotchWidth = Annotated[float, Param(min=0.0, unit="frequency", label="width", advanced=True)]
Count = Annotated[int, Param(min=1, max=1000, label="at most", advanced=True)]


@o.public
def notch(
    image: Any,
    /,
    peaks: Any = None,
    *,
    width: NotchWidth = 0.0,
    max_count: Count = 20,
    axes: o.Axes = None,
    spacing: Spacing = None,
    edges: Edges = "extend",
    mask: Any = None,
    nan: MissingPolicy = "raise",
    dtype: o.DType = None,
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Array:
    """Remove periodic noise, such as stripes or mains hum, from an image.

    Sinusoids at the frequencies of the peaks are subtracted, with the amplitude and phase that they have throughout the
    image. Image content at the same frequencies is kept, because it is local; edges stay sharp.

    Parameters
    ----------
    {image}
    peaks : Peaks or array_like, optional
        Frequencies in cycles per unit, one row per wave and one column for each of `axes`, accurate to one bin of the
        image's spectrum (one over its length); each also stands for its negative. By default those that
        `find_periodic_noise` finds.
    width : float
        Radius of a notch around each peak in cycles per unit, where half of the amplitude passes, for noise whose
        amplitude or frequency varies over the image. 0 only subtracts the waves.
    max_count : int
        Largest number of peaks to find, when `peaks` is not given.
    axes : int, tuple of int, optional
        Axes to act on; all by default. All others are batch axes, with amplitudes and phases per batch item.
    {spacing}
    edges : {"extend", "periodic"}
        For `width`: extend the image smoothly on a larger grid, or treat it as one period.
    {filled.mask, raise.nan, dtype, backend, workers, max_memory, progress, report}

    Returns
    -------
    {same.array}
        The report holds the subtracted waves as ``details["peaks"]``, and the standard errors of their amplitudes,
        which are the residual amplitudes to expect, as ``details["errors"]``.

    Raises
    ------
    TypeError, ValueError, BackendUnavailable, MemoryError
        As `filter_spectrum`; ValueError also for peaks that do not fit the axes.

    Notes
    -----
    Image texture at exactly the frequency of a wave cannot be separated from the wave, which limits every method; the
    amplitude is estimated from the smooth parts of the image. Of waves of amplitude 12 added at 24 frequencies, 0.01,
    0.04 and 0.13 % remain in scikit-image's cell, camera and coins (medians; at worst 0.02, 0.09 and 0.6 %), with
    standard errors of 0.01, 0.04 and 0.2 %; of waves of amplitude 3 four times these shares, at worst 2.3 % in coins.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> y, x = np.mgrid[:128, :128]
    >>> disk = 1.0 * (np.hypot(y - 60, x - 70) < 25)
    >>> striped = disk + 0.2 * np.cos(2 * np.pi * 0.1234 * x)
    >>> float(np.abs(nc.notch(striped, [(0, 0.1234)]) - disk).max().round(3))
    0.0
    """
    task = Task("notch", progress, report)
    given = o.as_input(image, mask)
    acted = as_acted(given.array.shape, axes, spacing)
    options = as_filter("notch", given, edges, dtype, acted)
    valid = as_valid(given.array, given.mask, nan, acted.axes, given.source)
    if peaks is None:
        places = noise.search(given.array, valid, acted.axes, max_count, given.source, workers or 1)
        remover = noise.Remover(places, refine=False)
    else:
        remover = noise.Remover(_as_places(peaks, acted), refine=True)
    blocked = tuple(tuple(p / s for p, s in zip(place, acted.spacing, strict=True)) for place in remover.places)
    response = Notch(blocked, width) if width and blocked else None
    run = o.execution(given.source, task, backend, workers, max_memory)
    result = filter_image(given.array, response, options, valid, run, remover)
    task.detail(
        peaks=remover.peaks(given.array, acted.axes, acted.spacing, acted.order),
        errors=remover.errors(given.array, acted.axes),
        count=len(blocked),
    )
    task.finish()
    return result


@o.public
def find_periodic_noise(
    image: Any,
    /,
    *,
    max_count: Count = 20,
    axes: o.Axes = None,
    spacing: Spacing = None,
    mask: Any = None,
    nan: MissingPolicy = "raise",
    workers: o.Workers = None,
) -> Peaks:
    """Find sinusoids that run through the whole image, such as stripes or mains hum in a scan.

    Parameters
    ----------
    {image}
    max_count : int
        Largest number of waves.
    axes : int, tuple of int, optional
        Axes of the spectrum; all by default. All others are batch axes, whose items share the frequencies.
    {spacing, filled.mask, raise.nan, workers}

    Returns
    -------
    Peaks
        Frequencies in cycles per unit, amplitudes and phases, as `notch` takes them; empty when there is no such wave.

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or value, or the image contains NaN with ``nan="raise"``.

    Notes
    -----
    A peak is accepted when it is significantly above the spectrum around it, and when patches all over the image agree
    on its amplitude and phase, which local image content does not. A wave needs at least three periods per patch, and
    the image at least thirty patches.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> y, x = np.mgrid[:256, :256]
    >>> disk = 1.0 * (np.hypot(y - 100, x - 120) < 50)
    >>> nc.find_periodic_noise(disk)
    no peaks
    >>> found = nc.find_periodic_noise(disk + 0.2 * np.cos(2 * np.pi * 0.1234 * x), spacing=0.5)
    >>> len(found), float(found[0].amplitude.round(3)), float(found[0].frequency[1].round(4))
    (1, 0.2, 0.2468)
    """
    given = o.as_input(image, mask)
    acted = as_acted(given.array.shape, axes, spacing)
    valid = as_valid(given.array, given.mask, nan, acted.axes, given.source)
    places = noise.search(given.array, valid, acted.axes, max_count, given.source, workers or 1)
    remover = noise.Remover(places, refine=False)
    remover.fit_all(given.array, valid, acted.axes, given.source, workers or 1)
    return remover.peaks(given.array, acted.axes, acted.spacing, acted.order)


def _as_places(peaks: Any, acted: Acted) -> list[list[float]]:
    """Rows of frequencies in cycles per sample along the rising axes, each wave once."""
    count = len(acted.order)
    try:
        rows = np.asarray(peaks.frequency if isinstance(peaks, Peaks) else peaks)
    except ValueError as error:
        raise ValueError(f"peaks={peaks!r} is not a table: one row for each wave ({error})") from error
    if rows.dtype.kind not in "iuf" and rows.size:
        raise TypeError(f"peaks has dtype {rows.dtype}; numbers are needed, one row of frequencies for each wave")
    rows = rows.astype(np.float64)
    if rows.size == 0:
        return []
    if count == 1 and rows.ndim < 2:
        rows = rows.reshape(-1, 1)
    elif rows.ndim == 1:
        rows = rows.reshape(1, -1)
    if rows.ndim != 2 or rows.shape[1] != count:
        raise ValueError(f"peaks has shape {rows.shape}; it needs one row for each wave and {count} columns")
    if not np.isfinite(rows).all() or (rows == 0).all(axis=1).any():
        raise ValueError("peaks must hold finite frequencies that are not zero")
    found: list[list[float]] = []
    for row in rows:
        place = [0.0] * count
        for f, axis in zip(row, acted.order, strict=True):
            place[axis] = float(f) * acted.spacing[axis]
        if max(map(abs, place)) > 0.5 + 1e-9:
            raise ValueError(f"peaks holds {tuple(row)}, faster than half a cycle per sample")
        if not any(np.allclose(place, other) or np.allclose(place, np.negative(other)) for other in found):
            found.append(place)
    return found
