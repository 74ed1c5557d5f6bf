"""Deconvolution with a known PSF."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any, ClassVar

import numpy as np
from magicgui.widgets import CheckBox, PushButton, Widget

import napari_convolve as nc

from ..._progress import ProgressCallback, Report
from ...kernels import Kernel
from ...ops.deconvolution.method_registry import DECONVOLVERS
from ..jobs.iteration_watch import IterationWatch
from ..jobs.job import Job
from ..kernel_input.kernel_chooser import KernelChooser
from ..layers.layer_data import Source, View, image_tuple, short
from ..layers.live_layer import LiveLayer
from ..layers.recording import recorded, unrecorded
from ..layers.request import Factory, Request, Result, on_colours
from ..operation.operation_panel import OperationPanel
from ..widgets.method_form import MethodForms, method_of
from ..widgets.text import say, unit_text
from .bead_psf_source import FROM_BEADS, BeadSource
from .noise_view import NoiseView
from .psf_view import PsfView
from .quality_text import quality_text

_ESTIMATE = "estimate_noise"


class DeconvolvePanel(OperationPanel):
    """Deconvolve an image with a PSF by Wiener, Richardson-Lucy or another registered method."""

    operation = "wiener"
    ndim = None
    settings: MethodForms
    guide: ClassVar[str] = """# Deconvolve

1. Choose the **image**.
2. Choose the **PSF**: how one point looks through the microscope. It is computed by a model (*gibson lanni*,
   *confocal* …: give the NA and the wavelength), measured on beads, or comes from a layer or a file. Below it you see
   what it looks like, and what is wrong with it; **Fix** mends that.
3. Choose the **method**, and press **Run**.

**Wiener**: the noise is estimated, and shown under *Noise in the image*. Ringing or grain: give a larger **noise to
signal** (0.01, then 0.1); still blurred: a smaller one.

**Richardson-Lucy** and other methods that go step by step show what they have while they run: press **Stop and keep**
when it is good, or let **stop early** decide (*auto*: as soon as only noise is left unexplained). Of several images
(channels, times) the others then get as many iterations as the one you saw.
"""

    def make_settings(self) -> MethodForms:
        self.judge = CheckBox(text="measure the quality", tooltip="Residual, light and resolution, after the run")
        methods = [method_of(one.name, one.label, one.about) for one in DECONVOLVERS.values()]
        return MethodForms(methods, leave_out=("axes", "mask"), also=[self.mask, self.judge])

    def inputs(self) -> list[Widget]:
        sources = {FROM_BEADS: BeadSource(self._viewer)}
        self.psf = KernelChooser(self._viewer, label="PSF", normalize=False, sources=sources)
        self.doctor = PsfView(self.psf)
        return [self.psf, self.doctor]

    def __init__(self, napari_viewer: Any) -> None:
        self._estimating = False
        self._live: LiveLayer | None = None
        self._watch: IterationWatch | None = None
        self.noise = NoiseView()
        self.keep = PushButton(text="Stop and keep", tooltip="End here; the object of this iteration is the result")
        super().__init__(napari_viewer)
        self.body.append(self.noise)
        self.run_bar.insert(self.run_bar.index(self.run_bar.buttons) + 1, self.keep)
        self.keep.visible = False
        self.keep.changed.connect(self.stop_and_keep)
        self.noise.look.changed.connect(self.look_at_noise)

    def view_changed(self, source: Source | None, view: View | None) -> None:
        self.psf.follow(source, view)
        self.doctor.set_image(source, view)
        self.noise.clear()
        if not self.run_bar.busy:
            self.run_bar.say("")  # the message was about another image or view

    def operation_now(self) -> str:
        return _ESTIMATE if self._estimating else self.settings.operation

    def arguments(self, source: Source, view: View) -> tuple[Any, ...]:
        return (Factory(self.doctor.factory()),)

    def extras(self) -> dict[str, Any]:
        iterative = not self._estimating and self.settings.takes("intermediate")
        watch = {"watch": IterationWatch(pictures=not self.image.value.rgb)} if iterative else {}
        return {**watch, "judge": bool(self.judge.value)}

    def look_at_noise(self) -> None:
        """Estimate the noise and draw it, without deconvolving."""
        self._estimating = True
        try:
            self.run()
        finally:
            self._estimating = False

    def stop_and_keep(self) -> None:
        """End the iteration and take the present estimate as the result."""
        if self._watch is not None:
            self._watch.stop()

    def compute(self, request: Request, progress: ProgressCallback) -> Result:
        image = request.image(progress)
        if request.operation == _ESTIMATE:
            return self._estimate(request, image, progress)
        watch = request.extras.get("watch")
        more = {} if watch is None else {"intermediate": watch}
        data, report = on_colours(request, image, progress, **more)
        name = f"{short(request.source.name)} · deconvolved"
        notes = spacing_notes(request.arguments[0], request.source, request.view)
        if request.extras.get("judge"):
            notes += (quality_text(request, image, data, request.arguments[0]),)
        layer = image_tuple(request.source, data, name)
        if watch is not None and watch.kept is not None:
            if watch.uneven:  # no call gives batch items different numbers of iterations
                return Result([unrecorded(layer)], report, notes)
            options = {**request.options, "iterations": watch.kept}
            options.pop("stop", None)
            layer = recorded(layer, request, report, options=options)
        return Result([layer], report, notes)

    @staticmethod
    def _estimate(request: Request, image: Any, progress: ProgressCallback) -> Result:
        takes = signature(nc.estimate_noise).parameters
        options = {key: value for key, value in request.options.items() if key in takes}
        reports: list[Report] = []
        request.call(image, options=options, progress=progress, report=reports.append)
        return Result([], reports[0])

    # --- during and after a run ------------------------------------------------------------------------------------

    def begun(self, request: Request) -> None:
        self._watch = request.extras.get("watch")
        if self._watch is not None:
            self._live = LiveLayer(self._viewer, request.source, request.view)
            self.keep.visible = self.keep.enabled = True

    def ticked(self, job: Job) -> None:
        watch, live = self._watch, self._live
        if watch is None or live is None or not watch.iteration:
            return
        snapshot = watch.take()
        if snapshot is not None:
            live.show(snapshot)
        self.keep.enabled = not watch.stopping
        place = f" of image {watch.batch_item + 1} of {live.count}" if live.count > 1 else ""
        say(self.run_bar.message, f"Iteration {watch.iteration}{place}" + (", the last one" if watch.stopping else ""))

    def ended(self) -> None:
        if self._live is not None:
            self._live.remove()
        self._live = self._watch = None
        self.keep.visible = False

    def added(self, request: Request, result: Result) -> None:
        found = result.report.details.get("estimate") if result.report is not None else None
        if isinstance(found, nc.NoiseEstimate):
            self.noise.show_estimate(
                found, request.source.spacing_of(request.view), request.source.unit_of(request.view)
            )
        else:
            self.noise.clear()


def spacing_notes(psf: Kernel, source: Source, view: View) -> tuple[str, ...]:
    """A warning if the pixel sizes of PSF and image differ."""
    spacing = source.spacing_of(view)
    if psf.spacing is None or psf.units != source.unit_of(view):
        return ()
    own = psf.spacing if psf.ndim == view.ndim else tuple(psf.spacing[axis] for axis in view.axes)
    if np.allclose(own, spacing, rtol=0.01):
        return ()
    unit = unit_text(psf.units or "px")
    return (f"⚠ the PSF's pixels are {_list(own)} {unit}, the image's {_list(spacing)}: Fix it, or resample one",)


def _list(numbers: Sequence[float]) -> str:
    return " × ".join(f"{number:g}" for number in numbers)
