"""View of the chosen PSF: picture, widths, findings of its check, and a button that repairs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ...kernels import KERNELS, Kernel
from ...kernels._optics import FAMILY
from ...ops.psf.check_context import Finding, PsfCheck
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from ..jobs.timing import FIELD_REST
from ..kernel_input.kernel_chooser import KernelChooser
from ..kernel_input.kernel_save import save_kernel
from ..layers.layer_data import Source, View
from ..plots.psf_image import PsfPicture
from ..widgets.containers import Column, button, rows
from ..widgets.fields import TextField, numbers
from ..widgets.text import capital, note, say, typeset, unit_text
from .psf_choice import PsfChoice, channels_of

_SIGNS = {"error": "✗", "warning": "⚠", "note": "·"}


class PsfView(Column):
    """Shows the PSF of a chooser and gives it to the panel, repaired if the user asked for that."""

    def __init__(self, chooser: KernelChooser) -> None:
        self._chooser = chooser
        self._source: Source | None = None
        self._view: View | None = None
        self._repair = False
        self.kernel: Kernel | None = None
        self.check: PsfCheck | None = None
        self.wavelengths = TextField(
            numbers,
            label="nm per channel",
            hint="the same for all",
            tooltip="One wavelength for each channel: 461, 520",
        )
        self.picture = PsfPicture()
        self.text, self.done, self.saved = note(), note(), note()
        self.fix = button("Fix", self.repair, "Mend what can be: centre, background, pixel size, size")
        self.undo = button("Undo the fix", self.undo_repair, "Use the PSF as it came")
        self.save = button("Save PSF …", self.save_file, "What is shown, in a file that 'from a file' takes again")
        self.fields = rows(self.wavelengths)
        super().__init__(self.fields, self.text, self.fix, self.done, self.undo, self.save, self.saved)
        self.native.layout().insertWidget(1, self.picture)
        self._latest = Latest(self.native, self._make, self._show, title="PSF", frame=0)
        chooser.changed.connect(self._changed)
        self.wavelengths.changed.connect(self._later)
        self.picture.show_kernel(None)
        self._show_buttons()

    def set_image(self, source: Source | None, view: View | None) -> None:
        """Set the image that the PSF is for."""
        self._source, self._view = source, view
        self._changed()

    def repair(self) -> None:
        """Use the repaired PSF."""
        self._repair = True
        self._ask()

    def undo_repair(self) -> None:
        """Use the PSF without repairs."""
        self._repair = False
        self._ask()

    def save_file(self) -> None:
        if self.kernel is not None:
            save_kernel(self.native, partial(say, self.saved), self.kernel, "Save the PSF", ".tif")

    @property
    def busy(self) -> bool:
        """Whether the chosen PSF is still being made."""
        return self._latest.busy

    def factory(self) -> Callable[[], Kernel]:
        """Read the fields; the returned function makes the PSF to deconvolve with, in any thread."""
        return self._choice().kernel

    def _choice(self) -> PsfChoice:
        computed = self._chooser.kind.value in KERNELS
        wavelengths = self.wavelengths.value if self._per_channel() else None
        return PsfChoice(self._chooser.factory(), computed, self._source, self._view, self._repair, wavelengths)

    def _make(self) -> Call:
        return self._choice().checked

    def _show(self, outcome: Outcome) -> None:
        self.kernel, self.check = outcome.value or (None, None)
        self.picture.show_kernel(self.kernel)
        say(self.text, outcome.error if self.check is None else psf_text(self.check, self._chooser.axes))
        fixes = self.kernel.parameters.get("fixes") if self._repair and self.kernel is not None else None
        say(self.done, typeset("Mended: " + "; ".join(fixes) + ".") if fixes else "")
        self._show_buttons()

    def _changed(self, *_: object) -> None:
        self._repair = False
        self._later()

    def _later(self, *_: object) -> None:
        self.fields.visible = self._per_channel()
        self._ask(FIELD_REST)

    def _ask(self, rest: int | None = None) -> None:
        """Make the PSF soon; until then the one that is shown is outdated and cannot be saved."""
        self.save.enabled = False
        say(self.saved, "")
        self._latest.ask(rest)

    def _show_buttons(self) -> None:
        self.save.visible = self.kernel is not None
        self.save.enabled = self.kernel is not None and not self.busy
        self.fix.visible = not self._repair and self.check is not None and any(map(repairable, self.check.findings))
        self.undo.visible = self._repair

    def _per_channel(self) -> bool:
        """Whether a wavelength per channel can be given: for models with a wavelength, and images with channels."""
        design = KERNELS.get(self._chooser.kind.value) if self._chooser.kind.value in KERNELS else None
        takes = design is not None and design.family == FAMILY and "wavelength" in design.signature.parameters
        return takes and bool(channels_of(self._source, self._view))


def repairable(finding: Finding) -> bool:
    """Whether a finding is more than a note and can be repaired."""
    return finding.fixable and finding.severity != "note"


def psf_text(check: PsfCheck, axes: Sequence[str]) -> str:
    """Widths and findings of a PSF as text."""
    names = axes if len(axes) == len(check.fwhm) else [""] * len(check.fwhm)
    wide = " × ".join(f"{w:.3g} ({name})".removesuffix(" ()") for w, name in zip(check.fwhm, names, strict=True))
    head = f"FWHM {wide} {unit_text(check.unit)}."
    if check.ok:
        return f"{head}\n✓ Nothing is wrong with it."
    return "\n".join([head, *(f"{_SIGNS[f.severity]} {capital(typeset(f.message, axes))}." for f in check.findings)])
