"""Convolve or correlate an image with a kernel."""

from __future__ import annotations

from typing import Any, ClassVar

from magicgui.widgets import CheckBox, Widget

from ..._progress import ProgressCallback
from ...kernels import Kernel
from ..kernel_input.kernel_chooser import KernelChooser
from ..layers.layer_data import Source, View, image_tuple, short
from ..layers.request import Factory, Request, Result, first_index, on_colours
from ..operation.operation_panel import OperationPanel


class ConvolvePanel(OperationPanel):
    """Filter an image layer with a kernel; the result is a new layer in the same place."""

    operation = "convolve"
    guide: ClassVar[str] = """# Convolve

1. Choose the **image**, and whether the kernel **acts on** planes, the volume or a single axis.
2. Choose the **kernel** and its parameters; your own comes from a file or from a layer.
3. Tick **Preview** and move the sliders: a layer shows at once what is seen of the result.
4. Press **Run**. The result is a new layer; the image stays as it is.
"""

    def inputs(self) -> list[Widget]:
        self.kernel = KernelChooser(self._viewer, sliders=True)
        return [self.kernel]

    def advanced(self) -> list[Widget]:
        self.correlate = CheckBox(text="correlate: do not flip the kernel", tooltip="What many programs call filtering")
        return [self.correlate]

    def operation_now(self) -> str:
        return "correlate" if self.correlate.value else "convolve"

    def view_changed(self, source: Source | None, view: View | None) -> None:
        self.kernel.follow(source, view)

    def arguments(self, source: Source, view: View) -> tuple[Any, ...]:
        return (Factory(self.kernel.factory()),)

    def compute(self, request: Request, progress: ProgressCallback) -> Result:
        data, report = on_colours(request, request.image(progress), progress)
        kernel: Kernel = request.arguments[0]
        name = f"{short(request.source.name)} · {short(kernel.name, 30)}"
        first = first_index(request, kernel.center, kernel.shape)
        return Result([image_tuple(request.source, data, name, first=first)], report)
