"""Feature maps of an image, as one layer of a convolutional network computes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from magicgui.widgets import Widget

from ..._progress import ProgressCallback, Report
from ..kernel_input.weights_chooser import Weights, WeightsChooser
from ..layers.feature_map_layers import maps_tuple
from ..layers.layer_data import Source, View, short
from ..layers.request import Factory, Request, Result
from ..operation.operation_panel import OperationPanel
from ..widgets.fields import Choice

_AUTOMATIC = "found by itself"


class FeaturePanel(OperationPanel):
    """Filter an image with a bank of kernels; the maps become the channels of one layer."""

    operation = "feature_maps"
    given = ("channel_axis",)
    folded = ("bias", "dilation", "padding", "pool_size", "boundary", "cval", "shape")
    previews = False
    guide: ClassVar[str] = """# Feature Maps

1. Choose the **image** and a **bank of kernels**: edges, spots, texture, directions. Or take the weights of a trained
   layer *from a .npy file*: numbers of the shape (maps, channels, \\*kernel), as PyTorch keeps them; in Python
   `numpy.save("layer.npy", layer.weight.detach().numpy())`.
2. **activation** bends the numbers: *relu* keeps what was found and sets the rest to 0. **pooling** keeps the largest
   of each block, **stride** goes in larger steps; both make the maps smaller.
3. Press **Run**. The maps are one new layer; the slider *c* below the image goes from map to map.

Weights of several input channels need an image with as many: an RGB layer, or an axis of channels before the axes acted
on; **More options ▸ input channels** names another one.
"""

    def inputs(self) -> list[Widget]:
        self.weights = WeightsChooser()
        return [self.weights]

    def advanced(self) -> list[Widget]:
        self.channel = Choice(
            [(_AUTOMATIC, None)],
            label="input channels",
            tooltip="The axis along which every kernel has weights of its own",
        )
        return [self.channel]

    def view_changed(self, source: Source | None, view: View | None) -> None:
        if source is None or view is None:
            return
        self.weights.set_view(view)
        others = [(name, axis) for axis, name in enumerate(source.axes) if axis not in view.axes]
        self.channel.offer([(_AUTOMATIC, None), *others])

    def arguments(self, source: Source, view: View) -> tuple[Any, ...]:
        make = self.weights.factory()
        return (Factory(partial(_rgb_weights, make) if source.rgb else make),)

    def more_options(self, source: Source, view: View) -> dict[str, Any]:
        channel = source.ndim if source.rgb else self.channel.value
        return {} if channel is None else {"channel_axis": channel}

    def compute(self, request: Request, progress: ProgressCallback) -> Result:
        reports: list[Report] = []
        image = request.image(progress)
        image = image[..., :3] if request.source.rgb else image
        data = request.call(image, progress=progress, report=reports.append)
        (weights,) = request.arguments
        name = f"{short(request.source.name)} · {len(weights)} maps"
        layer = maps_tuple(request.source, data, reports[0].details["grid"], name)
        letter = layer[1]["axis_labels"][reports[0].details["grid"].axis if not request.source.rgb else 0]
        return Result([layer], reports[0], notes=(f"the slider {letter} goes from map to map",))


def _rgb_weights(make: Callable[[], Weights]) -> Weights:
    """Weights for the three channels of an RGB layer; ValueError if they have another number."""
    weights = make()
    channels = 1 if isinstance(weights, tuple) else weights.shape[1]
    if channels == 1:
        raise ValueError(
            "an RGB layer has three input channels, these weights one: split its colours first "
            "(right click on the layer ▸ Split RGB), or take weights of three channels"
        )
    if channels != 3:
        raise ValueError(f"an RGB layer has three input channels, these weights {channels}")
    return weights
