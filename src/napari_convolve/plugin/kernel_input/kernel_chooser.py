"""A kernel from the catalogue, from a layer or from a file: one field that every panel uses."""

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
from ..widgets.text import note, say, summary, written
from .kernel_making import Newest, finished, kernel_of

FROM_LAYER, FROM_FILE, TYPED = "from a layer", "from a file", "custom"
PIXELS = "pixels"
_PLANE = View("2-D (y, x)", (0, 1), ("y", "x"))
#: Letters of a label beside which a slider still has room.
_LONGEST_LABEL = 17
#: Larger matrices are not for typing.
_TYPEABLE = 15


class KernelSource(Column):
    """Another place where a kernel comes from, with its own fields."""

    def factory(self, view: View, spacing: tuple[float, ...] | None, unit: str | None) -> Callable[[], Kernel]:
        """Read the fields now; what is returned makes the kernel for these axes, in any thread.

        Raises
        ------
        ValueError
            With one sentence when something is missing.
        """
        raise NotImplementedError

    def told(self, kernel: Kernel) -> None:
        """A kernel that was made here is shown now."""

    @property
    def state(self) -> Any:
        """What `state = ...` brings back."""
        raise NotImplementedError

    @state.setter
    def state(self, value: Any) -> None:
        raise NotImplementedError


class KernelChooser(Column):
    """Which kernel, and its parameters.

    Parameters
    ----------
    viewer
        Whose layers may serve as a kernel.
    label
        What a person knows the kernel as: kernel, PSF, template.
    start
        Name of the kernel that is chosen at first.
    normalize
        Whether to offer dividing by the sum.
    sources
        Further places where kernels come from, by what they are called.
    sliders
        Whether numbers are moved by sliders.
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
        self._newest = Newest()
        self.kind = Choice([*_kinds(), *((name, name) for name in self._sources)], start, label=label)
        add_icons(self.kind.native)
        self.about = note()
        self.layer = LayerChoice(viewer, label="layer", first=lambda layer: "kernel" in layer.metadata)
        self.file = FileEdit(mode=FileDialogMode.EXISTING_FILE, filter=f"Kernels (*{' *'.join(FORMATS)})", label="file")
        self.unit = Choice([(PIXELS, PIXELS)], label="lengths in", tooltip="The unit of sizes and distances")
        self.normalize = sum_box()
        self._forms: dict[str, Form] = {}
        self._slot = column(list(self._sources.values()))
        self.extend([rows(self.kind), self.about, rows(self.layer, self.file), self._slot, rows(self.unit)])
        self.append(self.normalize)
        self.kind.changed.connect(self._show)
        self._show()

    @property
    def form(self) -> Form | None:
        """The parameters of the kernel that is chosen; None for a layer or a file."""
        kind = self.kind.value
        return self._form_of(kind) if kind in KERNELS else None

    @property
    def axes(self) -> tuple[str, ...]:
        """What the axes of the kernel are called."""
        return self._view.names

    def set_view(self, view: View, spacing: Sequence[float] | None = None, unit: str | None = None) -> None:
        """Tell which axes the kernel will act on, the length of a step along each, and its unit."""
        self._view, self._spacing, self._unit = view, None if spacing is None else tuple(spacing), unit
        self.unit.offer((written(text), text) for text in (PIXELS, unit) if text)
        for form in self._forms.values():
            self._tell_axes(form)
        self._show_unit()

    def follow(self, source: Source | None, view: View | None) -> None:
        """Tell which axes of which image the kernel will act on."""
        if source is not None and view is not None:
            self.set_view(view, source.spacing_of(view), source.unit_of(view))

    def kernel(self) -> Kernel:
        """Make the kernel.

        Raises
        ------
        ValueError, TypeError, OSError
            One sentence that says what is missing or wrong.
        """
        return self.factory()()

    def told(self, kernel: Kernel) -> None:
        """The kernel that is chosen has been made, and is shown now."""
        if self.kind.value in self._sources:
            self._sources[self.kind.value].told(kernel)

    def factory(self) -> Callable[[], Kernel]:
        """Read the fields now; what is returned makes the kernel, in any thread, and raises as `kernel` does."""
        divide = bool(self.normalize.visible and self.normalize.value)
        return partial(finished, self._read(), self._view, divide)

    @property
    def state(self) -> dict[str, Any]:
        """What is chosen and set now; setting it brings that back."""
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
        """What makes the kernel that the fields say now."""
        if self.kind.value in self._sources:
            return self._sources[self.kind.value].factory(self._view, self._spacing, self._unit)
        if self.kind.value == FROM_LAYER:
            if self.layer.value is None:
                raise ValueError(f"there is no image layer to take as {self.kind.label}")
            return partial(kernel_of, read_layer(self.layer.value))
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
        """Show what belongs to the kind that is chosen."""
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

    def _tell_axes(self, form: Form) -> None:
        """The axes of the image; and its pixel size, where a form asks for one."""
        form.set_axes(self._view.names)
        pixel = in_micrometres(self._spacing, self._unit)
        if "spacing" in form.parameters and pixel is not None:
            form["spacing"].value = pixel[0] if len(set(pixel)) == 1 else pixel

    def _form_of(self, kind: str) -> Form:
        """The form of a kernel; it keeps its values while another kernel is chosen."""
        if kind not in self._forms:
            function, more = KERNELS.get(kind).function, "More parameters"
            leave_out = ("ndim",) if _has_own_lengths(kind) else ("ndim", "spacing")
            form = Form(function, leave_out=leave_out, more=more, sliders=self._sliders and _room(function))
            form.name = kind
            self._tell_axes(form)
            self._forms[kind] = form
            self._slot.append(form)
        return self._forms[kind]

    def type_over(self, kernel: Kernel) -> None:
        """Continue with the numbers of a kernel as a typed matrix, when they are few enough to be read."""
        typeable = kernel.ndim <= 2 and max(kernel.shape) <= _TYPEABLE and kernel.values.dtype.kind == "f"
        self.kind.value = TYPED
        if typeable and self.form is not None:
            self.form["values"].value = format_matrix(np.atleast_2d(kernel.values))


def sum_box() -> CheckBox:
    """Whether a kernel is divided by its sum."""
    return CheckBox(text="divide by its sum", tooltip="Keeps the brightness of the image")


def _has_own_lengths(kind: str) -> bool:
    """Whether a kernel says in which unit its lengths are, as a model of a microscope does."""
    takes = KERNELS.get(kind).signature.parameters
    return "spacing" in takes and takes["spacing"].default is not None


def _room(function: Any) -> bool:
    """Whether the labels of a kernel's parameters leave room for sliders beside them in a narrow panel."""
    moved = [p for p in parameters(function) if float in p.types]
    return max((len(p.limits.label or p.name) for p in moved), default=0) <= _LONGEST_LABEL


def _kinds() -> list[tuple[str, Any] | None]:
    """All kernels of the catalogue by family, then the other places a kernel comes from."""
    entries: list[tuple[str, Any] | None] = []
    made = [KERNELS.get(name) for name in KERNELS if name != TYPED]
    for family, designs in groupby(made, key=lambda design: design.family):
        entries += [(f"{family.replace('_', ' ')} kernels", HEADING)]
        entries += [(design.label, design.name) for design in designs]
    typed = (KERNELS.get(TYPED).label, TYPED)
    return [*entries, None, typed, (FROM_LAYER, FROM_LAYER), (FROM_FILE, FROM_FILE)]
