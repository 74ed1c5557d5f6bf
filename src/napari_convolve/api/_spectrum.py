"""`spectrum`: validate, then delegate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from .._arrays import wanted_dtype
from .._progress import Task
from .._registry import Param
from ..ops.fourier import transform as ops
from ..ops.fourier.spectrum_data import Spectrum
from ..ops.fourier.tapers import TAPERS
from ._convolution import as_backend
from ._deconvolution_arguments import MissingPolicy, as_valid
from ._docstrings import documented
from ._fourier_arguments import Spacing, as_acted
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
    machines_for,
    one_of,
)

Taper = Annotated[str | None, Param(choices=tuple(TAPERS), label="window")]
Seam = Annotated[Literal["periodic", "moisan"], Param(choices=ops.SEAMS, label="edges", advanced=True)]


@documented
def spectrum(
    image: Any,
    /,
    *,
    axes: Axes = None,
    spacing: Spacing = None,
    window: Taper = None,
    edges: Seam = "periodic",
    mask: Any = None,
    nan: MissingPolicy = "raise",
    dtype: DType = None,
    backend: BackendName = "auto",
    workers: Workers = None,
    max_memory: MaxMemory = None,
    progress: Progress = None,
    report: ReportCallback = None,
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
    task = Task("spectrum", as_callback("progress", progress), as_callback("report", report))
    given = as_input(image, mask)
    acted = as_acted(given.array.shape, axes, spacing)
    kind = wanted_dtype(dtype, complex_result=dtype is not None)
    view = ops.View(
        axes=acted.axes,
        spacing=acted.spacing,
        order=acted.order,
        window=None if window is None else one_of("window", window, tuple(TAPERS)),
        edges=one_of("edges", edges, ops.SEAMS),
        dtype=kind,
    )
    machines = machines_for(as_backend(backend), given.source)
    threads, limit = as_workers(workers), as_bytes(max_memory)
    valid = as_valid(given.array, given.mask, nan, acted.axes, given.source)
    result = ops.spectrum_of(
        given.array,
        view,
        valid,
        source=given.source,
        machines=machines,
        workers=threads,
        max_memory=limit,
        task=task,
    )
    task.finish()
    return result
