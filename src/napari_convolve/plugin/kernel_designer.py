"""Design a kernel: choose, look, keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from magicgui.widgets import Container, PushButton, Widget
from napari.layers import Layer
from qtpy.QtWidgets import QFileDialog

from ..kernels import Kernel
from ..kernels.files import FORMATS
from ._chooser import KernelChooser
from ._fields import Choice
from ._form import rows
from ._help import show_help
from ._job import sentence
from ._layer_choice import LayerChoice
from ._layers import View, read_layer, views
from ._plots import KernelPicture
from ._scroll import Scroll, column
from ._text import note, say
from .kernel_files import kernel_tuple

_VIEWS = tuple(View(f"{n}-D", tuple(range(n)), ("z", "y", "x")[3 - n :]) for n in (2, 3, 1))


class KernelDesigner(Container[Widget]):
    """Pick a kernel from the catalogue or type one, see it, and hand it on as a layer or a file."""

    guide = """# Kernel Designer

1. Choose a **kernel** and set its parameters, or take *custom* and type or paste a matrix.
2. The picture shows its numbers: red is positive, blue negative, the frame marks the centre.
3. **Add as layer** hands it to the other panels (*kernel: from a layer*); **Save** writes a file.
"""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(labels=False)
        self._viewer = napari_viewer
        self.kernel = KernelChooser(napari_viewer)
        self.view = Choice([(view.label, view) for view in _VIEWS], label="dimensions")
        self.pixels = LayerChoice(
            napari_viewer, nobody="no image", label="pixel size of", tooltip="Gives sizes in its unit, such as um"
        )
        self.picture = KernelPicture()
        self.message = note()
        self.to_matrix = PushButton(text="Edit the numbers", tooltip="Continue with this kernel as a typed matrix")
        self.add = PushButton(text="Add as layer", tooltip="Other panels then offer it as a kernel")
        self.save = PushButton(text="Save …", tooltip="As a file that keeps centre, spacing and units, or as text")
        self.help = PushButton(text="Help")
        picture: Container[Widget] = Container(labels=False)
        picture.margins = (0, 0, 0, 0)
        picture.native.layout().addWidget(self.picture)
        buttons: Container[Widget] = Container(
            widgets=[self.add, self.save, self.help], layout="horizontal", labels=False
        )
        buttons.margins = (0, 0, 0, 0)
        self.body = column([self.kernel, rows([self.view, self.pixels]), picture, self.message, self.to_matrix])
        self.append(buttons)
        self.native.layout().insertWidget(0, Scroll(self.body))
        self.view.changed.connect(self._view_changed)
        self.pixels.changed.connect(self._view_changed)
        self.kernel.changed.connect(self._show)
        self.to_matrix.changed.connect(self._edit)
        self.add.changed.connect(self.add_layer)
        self.save.changed.connect(self.save_file)
        self.help.changed.connect(lambda: show_help(self.native, self.guide))
        self._view_changed()

    def reset_choices(self, *_: Any) -> None:
        """Follow the layers of the viewer; napari calls it."""
        super().reset_choices()
        self.body.reset_choices()

    def make(self) -> Kernel | None:
        """The kernel as it is set now; None, with a sentence in the panel, when it cannot be made."""
        try:
            kernel = self.kernel.kernel()
        except (ValueError, TypeError, OSError, MemoryError) as error:
            say(self.message, sentence(error))
            return None
        say(self.message, describe(kernel))
        return kernel

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

    def _show(self) -> None:
        kernel = self.make()
        self.picture.show_kernel(kernel)
        self.add.enabled = self.save.enabled = kernel is not None

    def _edit(self) -> None:
        kernel = self.make()
        if kernel is not None:
            self.kernel.type_over(kernel)

    def add_layer(self) -> None:
        """Add the kernel to the viewer as an image layer."""
        kernel = self.make()
        if kernel is not None:
            self._viewer.add_layer(Layer.create(*kernel_tuple(kernel)))

    def save_file(self) -> None:
        """Ask for a file and save the kernel in it."""
        kernel = self.make()
        if kernel is None:
            return
        filters = ";;".join(f"*{suffix}" for suffix in FORMATS)
        path, _ = QFileDialog.getSaveFileName(self.native, "Save the kernel", f"{kernel.name}.json", filters)
        if not path:
            return
        try:
            kernel.save(path)
        except (ValueError, OSError) as error:
            say(self.message, sentence(error))
        else:
            say(self.message, f"Saved as {Path(path).name}.")


def describe(kernel: Kernel) -> str:
    """Size, sum and centre on one line."""
    size = " × ".join(map(str, kernel.shape))
    center = ", ".join(map(str, kernel.center))
    shown = f" · shown: plane {kernel.center[0]}" if kernel.ndim > 2 else ""
    total = kernel.sum if abs(kernel.sum) > 1e-12 * abs(kernel.values).sum() else 0
    return f"{size} · sum {total:.4g} · centre {center}{shown}"
