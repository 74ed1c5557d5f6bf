"""Panel for designing kernels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication, QShortcut

from ...kernels import Kernel
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from ..jobs.timing import UNDO_REST, single_shot
from ..kernel_input.kernel_chooser import KernelChooser, normalize_box
from ..kernel_input.kernel_save import save_kernel
from ..layers.kernel_layers import kernel_tuple
from ..layers.layer_data import View, read_layer, views
from ..widgets.containers import Fold, beside, button, column, holding, rows
from ..widgets.fields import Choice
from ..widgets.layer_choice import LayerChoice
from ..widgets.panel import Panel
from ..widgets.text import note, say
from .combine import Combine
from .crop_source import CutOut
from .designed_kernel import DesignedKernel, design, program
from .kernel_views import KernelViews
from .presets import KernelPreset, PresetChoice, show_preset
from .response_source import DrawnResponse
from .undo_history import History

_VIEWS = tuple(View(f"{n}-D", tuple(range(n)), ("z", "y", "x")[3 - n :]) for n in (2, 3, 1))


class KernelDesigner(Panel):
    """Choose, type, crop or draw a kernel, look at it in several views, and save it or add it as a layer."""

    guide = """# Kernel Designer

1. Choose a **kernel** and set its parameters (**start from** has presets, and says what to see in them); or take
   *custom matrix* and type or paste it, *part of an image* and draw a rectangle, or *drawn response* and drag the
   points of the curve.
2. **Weights** shows its numbers: red is positive, blue negative, the frame marks the centre. **Profile**, **Response**
   and **Report** tell what it does; below is what it makes of noise.
3. **Combine**: keep a kernel, choose another one, and add, subtract or chain both.
4. **Add as layer** hands it to the other panels (*kernel: from a layer*); **Save** writes a file.

Undo: Ctrl+Z. Redo: Ctrl+Shift+Z.
"""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._restoring = self._undone = self._broken = False
        self._history: History[Any] = History()
        self._last: Any = None
        self._made: DesignedKernel | None = None
        self._deferred: list[Callable[[], object]] = []
        self.drawn, self.cut_out = DrawnResponse(), CutOut(napari_viewer)
        sources = {"drawn response": self.drawn, "part of an image": self.cut_out}
        self._making = Latest(self.native, self._begin, self._show_made, title="kernel")
        self._copying = Latest(self.native, self._program, self._copied, title="Python")
        self.kernel = KernelChooser(napari_viewer, normalize=False, sources=sources, sliders=True)
        self.view = Choice([(view.label, view) for view in _VIEWS], label="dimensions")
        self.pixels = LayerChoice(
            napari_viewer, none="no image", label="pixel size of", tooltip="Gives sizes in its unit, such as um"
        )
        self.normalize = normalize_box()
        self.presets = PresetChoice(self._start_from)
        self.combine = Combine()
        self.views = KernelViews()
        self.message, self.noise = note(), note()
        present = partial(partial, self._soon)
        self.buttons = {
            text: button(text, action, tooltip)
            for text, action, tooltip in (
                ("Add as layer", present(self.add_layer), "Other panels then offer it as a kernel"),
                ("Save …", present(self.save_file), "A file that keeps centre, spacing and units, or text"),
                ("Undo", self.undo, "Take the last change back (Ctrl+Z)"),
                ("Copy Python", present(self.copy_python), "The program that makes this kernel, on the clipboard"),
                ("Edit the numbers", present(self._edit), "Continue with this kernel as a typed matrix"),
                ("Help", self.show_help, "What to do here"),
            )
        }
        settings = [self.presets, self.kernel, rows(self.view, self.pixels), self.normalize]
        self.combine_fold = Fold("Combine with another kernel", self.combine)
        body = column([*settings, holding(self.views), self.message, self.noise, self.combine_fold])
        shown = list(self.buttons.values())
        self.lay_out(body, beside(*shown[:2]), beside(*shown[2:]))
        self._later = single_shot(self.native, self._remember, UNDO_REST)
        self.combine.keep.changed.connect(partial(self._soon, self._keep))
        self.view.changed.connect(self._view_changed)
        self.pixels.changed.connect(self._view_changed)
        self.kernel.kind.changed.connect(self.presets.left)
        for part in (self.kernel, self.combine, self.normalize):
            part.changed.connect(self._show)
        self.native.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # the keys below work after a click anywhere in it
        for keys, action in (("Ctrl+Z", self.undo), ("Ctrl+Shift+Z", self.redo)):
            shortcut = QShortcut(QKeySequence(keys), self.native)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)
        self._view_changed()

    @property
    def present(self) -> Kernel | None:
        """The shown kernel; None, with an error message in the panel, if none can be made."""
        return self._made.written.kernel if self._made else None

    @property
    def busy(self) -> bool:
        """Whether the kernel of the present values, or the script to copy, is still being made."""
        return self._making.busy or self._copying.busy

    def _view_changed(self) -> None:
        view: View = self.view.value
        layer = self.pixels.value
        source = read_layer(layer) if layer is not None else None
        same = [v for v in views(source.axes) if v.ndim == view.ndim] if source else []
        if source and same:
            self.kernel.set_view(
                View(view.label, view.axes, same[0].names), source.spacing_of(same[0]), source.unit_of(same[0])
            )
        else:
            self.kernel.set_view(view)
        self._show()

    # --- the kernel, made in the background ------------------------------------------------------------------------

    def _show(self) -> None:
        """Make the kernel anew, since a field has changed."""
        if not self._restoring:
            self._ask()

    def _ask(self, undone: bool = False) -> None:
        self._undone = undone
        self._making.ask()
        self._show_undo()

    def _begin(self) -> Call:
        first, combine, divide = self.kernel.factory(), self.combine.factory(), bool(self.normalize.value)
        return partial(design, first, combine, divide, self.kernel.axes, self._state())

    def _show_made(self, outcome: Outcome) -> None:
        found: DesignedKernel | None = outcome.value
        self._made, self._broken = found, found is None
        say(self.message, found.size if found else outcome.error)
        say(self.noise, found.noise if found else "")
        self.views.show_kernel(self.present, found.axes if found else ())
        for name in ("Add as layer", "Save …", "Copy Python", "Edit the numbers"):
            self.buttons[name].enabled = found is not None
        self.combine.keep.enabled = found is not None
        if found is not None:
            self._last = found.state
            self.kernel.show_made(found.first)
            if self._history.now() is None:
                self._remember()
            elif not self._undone and self._history.now() != self._last:
                self._later.start()
        self._show_undo()
        if not self._making.busy:
            deferred, self._deferred = self._deferred, []
            for action in deferred:
                action()

    def _soon(self, action: Callable[[], object]) -> None:
        """Call an action that needs the kernel of the present values, as soon as that is made."""
        if self._making.busy:
            self._deferred.append(action)
        else:
            action()

    def _start_from(self, preset: KernelPreset) -> None:
        """Show the kernel of a preset."""
        self.view.value = next(view for view in _VIEWS if view.ndim == preset.ndim)
        self.normalize.value = False
        show_preset(self.kernel, preset)
        self._show()  # setting a text emits no signal

    # --- undo ------------------------------------------------------------------------------------------------------

    def _state(self) -> Any:
        """The values of all fields; reading them raises an error if one of them is wrong."""
        return self.view.value, self.pixels.value, self.kernel.state, self.combine.state, self.normalize.value

    def _remember(self) -> None:
        """Add the newest state to the history; changes in quick succession, as by a slider, are one step."""
        self._later.stop()
        self._history.add(self._last)
        self._show_undo()

    def _show_undo(self) -> None:
        """Enable Undo if there is a step to undo."""
        changed = self._making.busy and self._history.now() is not None
        undo, able = self.buttons["Undo"], changed or self._broken or self._later.isActive() or self._history.can_go(-1)
        if not able and undo.native.hasFocus():  # a disabled button loses the focus to another panel, and redo its keys
            self.kernel.kind.native.setFocus()
        undo.enabled = able

    def undo(self) -> None:
        """Undo the last change; if the settings make no kernel, return to the last ones that did."""
        self._soon(self._undo)

    def _undo(self) -> None:
        if self._later.isActive():
            self._remember()
        self._restore(self._history.now() if self._broken else self._history.back())

    def redo(self) -> None:
        self._soon(lambda: self._restore(self._history.forth()))

    def _restore(self, state: Any) -> None:
        if state is None:
            return
        self._restoring = True
        try:
            view, pixels, kernel, combine, normalize = state
            self.view.restore(view)
            self.pixels.restore(pixels)
            self.kernel.state, self.combine.state, self.normalize.value = kernel, combine, normalize
        finally:
            self._restoring = False
        self._later.stop()
        self._ask(undone=True)

    # --- buttons ---------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        if self._made is not None:
            self.combine.hold(self._made.written)
            self._show()

    def _edit(self) -> None:
        if self.present is not None:
            self.kernel.type_over(self.present)

    def copy_python(self) -> None:
        """Copy a Python script that makes this kernel; it is made in the background, since it is tested."""
        if self._made is not None:
            self._copying.ask(0)

    def _program(self) -> Call | None:
        return None if self._made is None else partial(program, self._made.written)

    def _copied(self, outcome: Outcome) -> None:
        if outcome.value:
            QApplication.clipboard().setText(outcome.value)
            say(self.message, "Copied: Python that makes this kernel.")

    def add_layer(self) -> None:
        """Add the kernel to the viewer as an image layer."""
        kernel = self.present
        if kernel is not None and kernel.values.dtype.kind == "c":
            say(self.message, "napari shows no complex layers: save the kernel, and take it from the file")
        elif kernel is not None:
            self._viewer.add_layer(Layer.create(*kernel_tuple(kernel)))

    def save_file(self) -> None:
        if self.present is not None:
            save_kernel(self.native, partial(say, self.message), self.present, "Save the kernel")
