"""Choice of a kernel from the catalogue, a layer, a file or another source, used by all panels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from magicgui.types import FileDialogMode
from magicgui.widgets import CheckBox, FileEdit

from ...kernels import KERNELS, Kernel
from ...kernels._optics import in_micrometres
from ...kernels._text import format_matrix
from ...kernels.files import FORMATS
from ...recipes import parameters
from ..layers.layer_data import Source, View, read_layer
from ..plots.kernel_icons import add_icons
from ..widgets.containers import Column, column, rows
from ..widgets.fields import HEADING, Choice
from ..widgets.form import Form
from ..widgets.layer_choice import LayerChoice
from ..widgets.text import note, say, summary, unit_text
from .kernel_making import KernelCache, finished_kernel, kernel_from_layer

FROM_LAYER, FROM_FILE, TYPED = "from a layer", "from a file", "custom"
PIXELS = "pixels"
_PLANE = View("2-D (y, x)", (0, 1), ("y", "x"))
#: Longest label, in letters, beside which a slider has room.
_LONGEST_LABEL = 17
#: Largest matrix that is offered for typing, in rows or columns.
_TYPEABLE = 15


class KernelSource(Column):
    """Base class of further sources of kernels with fields of their own."""

    def factory(self, view: View, spacing: tuple[float, ...] | None, unit: str | None) -> Callable[[], Kernel]:
        """Read the fields; the returned function makes the kernel, in any thread. ValueError if a field is empty."""
        raise NotImplementedError

    def show_made(self, kernel: Kernel) -> None:
        """Show properties of a kernel that was made here."""

    @property
    def state(self) -> Any:
        """The values of the fields; setting it restores them."""
        raise NotImplementedError

    @state.setter
    def state(self, value: Any) -> None:
        raise NotImplementedError


class KernelChooser(Column):
    """Choice of a kernel and its parameters.

    `label` is kernel, PSF or template, `start` the kernel chosen at first, `sources` are further sources by name.
    """

    def __init__(
        self,
        viewer: Any,
        *,
        label: str = "kernel",
        start: str = "gaussian",
        normalize: bool = True,
        sources: Mapping[str, KernelSource] | None = None,
        sliders: bool = False,
    ) -> None:
        super().__init__()
        self._view, self._may_normalize, self._sliders = _PLANE, normalize, sliders
        self._spacing: tuple[float, ...] | None = None
        self._unit: str | None = None
        self._sources = dict(sources or {})
        self._newest = KernelCache()
        self.kind = Choice([*_kinds(), *((name, name) for name in self._sources)], start, label=label)
        add_icons(self.kind.native)
        self.about = note()
        self.layer = LayerChoice(viewer, label="layer", first=lambda layer: "kernel" in layer.metadata)
        self.file = FileEdit(mode=FileDialogMode.EXISTING_FILE, filter=f"Kernels (*{' *'.join(FORMATS)})", label="file")
        self.unit = Choice([(PIXELS, PIXELS)], label="lengths in", tooltip="The unit of sizes and distances")
        self.normalize = normalize_box()
        self._forms: dict[str, Form] = {}
        self._slot = column(list(self._sources.values()))
        self.extend([rows(self.kind), self.about, rows(self.layer, self.file), self._slot, rows(self.unit)])
        self.append(self.normalize)
        self.kind.changed.connect(self._show)
        self._show()

    @property
    def form(self) -> Form | None:
        """The form of the chosen kernel; None if it is not of the catalogue."""
        kind = self.kind.value
        return self._form_of(kind) if kind in KERNELS else None

    @property
    def axes(self) -> tuple[str, ...]:
        return self._view.names

    def set_view(self, view: View, spacing: Sequence[float] | None = None, unit: str | None = None) -> None:
        """Set the axes that the kernel acts on, the spacing along each, and its unit."""
        self._view, self._spacing, self._unit = view, None if spacing is None else tuple(spacing), unit
        self.unit.offer((unit_text(text), text) for text in (PIXELS, unit) if text)
        for form in self._forms.values():
            self._set_axes(form)
        self._show_unit()

    def follow(self, source: Source | None, view: View | None) -> None:
        """Set the image and the axes that the kernel acts on."""
        if source is not None and view is not None:
            self.set_view(view, source.spacing_of(view), source.unit_of(view))

    def kernel(self) -> Kernel:
        """Make the kernel; ValueError, TypeError or OSError if a field is empty or wrong."""
        return self.factory()()

    def show_made(self, kernel: Kernel) -> None:
        """Show properties of the chosen kernel in its source."""
        if self.kind.value in self._sources:
            self._sources[self.kind.value].show_made(kernel)

    def factory(self) -> Callable[[], Kernel]:
        """Read the fields; the returned function makes the kernel, in any thread, and raises as `kernel` does."""
        divide = bool(self.normalize.visible and self.normalize.value)
        return partial(finished_kernel, self._read(), self._view, divide)

    @property
    def state(self) -> dict[str, Any]:
        """The values of the fields; setting it restores them."""
        kind = self.kind.value
        fields = {name: self.form[name].value for name in self.form.parameters} if self.form is not None else {}
        source = self._sources[kind].state if kind in self._sources else None
        places = {"layer": self.layer.value, "file": self.file.value, "unit": self.unit.value}
        return {"kind": kind, "fields": fields, "source": source, **places}

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        for name in ("kind", "layer", "unit"):
            getattr(self, name).restore(state[name])
        self.file.value = state["file"]
        for name, value in state["fields"].items():
            self._form_of(state["kind"])[name].value = value
        if state["kind"] in self._sources:
            self._sources[state["kind"]].state = state["source"]

    def _read(self) -> Callable[[], Kernel]:
        """The function that makes the chosen kernel, before it is adapted to the view."""
        if self.kind.value in self._sources:
            return self._sources[self.kind.value].factory(self._view, self._spacing, self._unit)
        if self.kind.value == FROM_LAYER:
            if self.layer.value is None:
                raise ValueError(f"there is no image layer to take as {self.kind.label}")
            return partial(kernel_from_layer, read_layer(self.layer.value))
        if self.kind.value == FROM_FILE:
            if not str(self.file.value).strip(". "):
                raise ValueError(f"choose the file of the {self.kind.label} first")
            return partial(Kernel.load, str(self.file.value))
        design = KERNELS.get(self.kind.value)
        given: dict[str, Any] = self._form_of(design.name).arguments()
        if "ndim" in design.signature.parameters:
            given["ndim"] = self._view.ndim
        physical = self._has_lengths() and self.unit.value != PIXELS
        if physical:
            given["spacing"] = self._spacing
        return partial(self._newest, design.name, given, self.unit.value if physical else None)

    def _show(self) -> None:
        """Show the fields of the chosen kind."""
        kind = self.kind.value
        if kind in KERNELS:
            self._form_of(kind)
        for name, form in self._forms.items():
            form.visible = name == kind
        for name, source in self._sources.items():
            source.visible = name == kind
        self.layer.visible = kind == FROM_LAYER
        self.file.visible = kind == FROM_FILE
        say(self.about, summary(KERNELS.get(kind).function) if kind in KERNELS else "")
        self.normalize.visible = self._may_normalize and kind in (FROM_LAYER, FROM_FILE, TYPED)
        self._show_unit()

    def _show_unit(self) -> None:
        self.unit.visible = len(self.unit) > 1 and self._has_lengths()

    def _has_lengths(self) -> bool:
        kind = self.kind.value
        takes = kind in KERNELS and kind != TYPED and "spacing" in KERNELS.get(kind).signature.parameters
        return takes and not _has_own_lengths(kind)

    def _set_axes(self, form: Form) -> None:
        """Set the axes of a form, and the pixel size of the image if the form asks for it."""
        form.set_axes(self._view.names)
        pixel = in_micrometres(self._spacing, self._unit)
        if "spacing" in form.parameters and pixel is not None:
            form["spacing"].value = pixel[0] if len(set(pixel)) == 1 else pixel

    def _form_of(self, kind: str) -> Form:
        """The form of a kernel, made once, so that it keeps its values while another kernel is chosen."""
        if kind not in self._forms:
            function, more = KERNELS.get(kind).function, "More parameters"
            leave_out = ("ndim",) if _has_own_lengths(kind) else ("ndim", "spacing")
            form = Form(function, leave_out=leave_out, more=more, sliders=self._sliders and _has_room(function))
            form.name = kind
            self._set_axes(form)
            self._forms[kind] = form
            self._slot.append(form)
        return self._forms[kind]

    def type_over(self, kernel: Kernel) -> None:
        """Put the values of a kernel into the field of a typed matrix, if they are few."""
        typeable = kernel.ndim <= 2 and max(kernel.shape) <= _TYPEABLE and kernel.values.dtype.kind == "f"
        self.kind.value = TYPED
        if typeable and self.form is not None:
            self.form["values"].value = format_matrix(np.atleast_2d(kernel.values))


def normalize_box() -> CheckBox:
    """Check box for dividing a kernel by its sum."""
    return CheckBox(text="divide by its sum", tooltip="Keeps the brightness of the image")


def _has_own_lengths(kind: str) -> bool:
    """Whether the lengths of a kernel have a fixed unit, as in models of a microscope."""
    takes = KERNELS.get(kind).signature.parameters
    return "spacing" in takes and takes["spacing"].default is not None


def _has_room(function: Any) -> bool:
    """Whether the labels of a kernel's parameters leave room for sliders in a narrow panel."""
    moved = [p for p in parameters(function) if float in p.types]
    return max((len(p.limits.label or p.name) for p in moved), default=0) <= _LONGEST_LABEL


def _kinds() -> list[tuple[str, Any] | None]:
    """Entries of all kernels of the catalogue by family, then of the other sources."""
    entries: list[tuple[str, Any] | None] = []
    made = [KERNELS.get(name) for name in KERNELS if name != TYPED]
    for family, designs in groupby(made, key=lambda design: design.family):
        entries += [(f"{family.replace('_', ' ')} kernels", HEADING)]
        entries += [(design.label, design.name) for design in designs]
    typed = (KERNELS.get(TYPED).label, TYPED)
    return [*entries, None, typed, (FROM_LAYER, FROM_LAYER), (FROM_FILE, FROM_FILE)]
