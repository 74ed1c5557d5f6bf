"""Undo a blur that is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from magicgui.widgets import Widget

from .._progress import Report
from ..kernels import Kernel
from ._chooser import KernelChooser
from ._layers import Source, View, image_tuple, short
from ._panel import OperationPanel
from ._request import Progress, Request, Result, on_colours


class DeconvolvePanel(OperationPanel):
    """Sharpen an image whose point spread function is known with a Wiener filter."""

    operation = "wiener"
    ndim = None
    guide: ClassVar[str] = """# Deconvolve

1. Choose the **image**.
2. Choose the **PSF**: how one point looks through the microscope. It comes from a layer, from a file, or from the
   catalogue (a Gaussian is a start).
3. Press **Run**. Ringing or grain: give a larger **noise to signal** (0.01, then 0.1); still blurred: a smaller one.
"""

    def inputs(self) -> list[Widget]:
        self.psf = KernelChooser(self._viewer, label="PSF", normalize=False)
        return [self.psf]

    def view_changed(self, source: Source | None, view: View | None) -> None:
        if source is not None and view is not None:
            self.psf.set_view(view, source.spacing_of(view), source.unit_of(view))

    def arguments(self, source: Source, view: View) -> tuple[Any, ...]:
        return (self.psf.kernel(),)

    def compute(self, request: Request, progress: Progress) -> Result:
        reports: list[Report] = []
        data = on_colours(request, request.image(progress), progress=progress, report=reports.append)
        name = f"{short(request.source.name)} · deconvolved"
        notes = spacing_notes(request.arguments[0], request.source, request.view)
        return Result([image_tuple(request.source, data, name)], reports[0], notes)


def spacing_notes(psf: Kernel, source: Source, view: View) -> tuple[str, ...]:
    """A sentence when PSF and image were sampled differently, so that the PSF does not fit."""
    spacing = source.spacing_of(view)
    if psf.spacing is None or psf.units != source.unit_of(view) or np.allclose(psf.spacing, spacing, rtol=0.01):
        return ()
    return (
        f"the PSF is sampled every {_list(psf.spacing)} {psf.units}, the image every {_list(spacing)}: resample one",
    )


def _list(numbers: Sequence[float]) -> str:
    return " × ".join(f"{number:g}" for number in numbers)
