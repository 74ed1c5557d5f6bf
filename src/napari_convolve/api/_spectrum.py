"""`spectrum`: validate, then delegate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from .._arrays import wanted_dtype
from .._progress import Task
from .._registry import Param
from ..ops.fourier import transform as ops
from ..ops.fourier.spectrum_data import Spectrum
from ..ops.fourier.tapers import TAPERS
from . import _options as o
from ._deconvolution_arguments import MissingPolicy, as_valid
from ._fourier_arguments import Spacing, as_acted

Taper = Annotated[str | None, Param(choices=tuple(TAPERS), label="window")]
Seam = Annotated[Literal["periodic", "moisan"], Param(choices=ops.SEAMS, label="edges", advanced=True)]


@o.public
def spectrum(
    image: Any,
    /,
    *,
    axes: o.Axes = None,
    spacing: Spacing = None,
    window: Taper = None,
    edges: Seam = "periodic",
    mask: Any = None,
    nan: MissingPolicy = "raise",
    dtype: o.DType = None,
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Spectrum:
    """Fourier spectrum of an image: amplitude and phase over frequency.

    A wave ``0.3 cos(2 pi f x + 60 degrees)`` with a frequency on the grid has amplitude 0.3 and phase 60 at f; for
    waves between the grid's frequencies see `Spectrum.peaks`.

    Parameters
    ----------
    {image, all.axes, spacing}
    window : {"hann", "hamming", "blackman", "flattop"}, optional
        Window that the image is multiplied with to reduce spectral leakage; none by default.
    edges : {"periodic", "moisan"}
        Treat the image as one period, or subtract its smooth component, whose jump between opposite edges appears as a
        cross in the spectrum (periodic plus smooth decomposition; for display).
    {filled.mask, raise.nan}
    dtype : dtype, optional
        complex64 or complex128; by default complex64 for bool, 8 and 16 bit integers, float16, float32 and complex64.
    {backend, workers, max_memory, progress, report}

    Returns
    -------
    Spectrum
        `amplitude`, `phase` in degrees, `power` and `values` in the order of `numpy.fft.fftn`; `frequencies` along
        each axis; `peaks(n)`, `radial()` and `centered()`.

    Raises
    ------
    {TypeError}
    ValueError
        When an option has an unknown value, an axis has no samples, or the image contains NaN with ``nan="raise"``.
    {BackendUnavailable, MemoryError}

    References
    ----------
    L. Moisan, "Periodic plus smooth image decomposition", J. Math. Imaging Vis. 39 (2011) 161.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> t = np.arange(1000) / 1000
    >>> found = nc.spectrum(0.3 * np.cos(2 * np.pi * 30 * t + np.radians(60)), spacing=1 / 1000)
    >>> i = int(np.argmax(found.amplitude))
    >>> float(found.frequencies[0][i]), float(found.amplitude[i].round(6)), float(found.phase[i].round(6))
    (30.0, 0.3, 60.0)
    """
    task = Task("spectrum", progress, report)
    given = o.as_input(image, mask)
    acted = as_acted(given.array.shape, axes, spacing)
    kind = wanted_dtype(dtype, complex_result=dtype is not None)
    options = ops.SpectrumOptions(acted.axes, acted.spacing, acted.order, window, edges, kind)
    run = o.execution(given.source, task, backend, workers, max_memory)
    valid = as_valid(given.array, given.mask, nan, acted.axes, given.source)
    result = ops.spectrum_of(given.array, options, valid, run)
    task.finish()
    return result
