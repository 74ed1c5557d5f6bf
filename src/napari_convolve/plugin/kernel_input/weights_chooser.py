"""Choice of the weights of `feature_maps`: a bank of kernels or an NPY file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from magicgui.types import FileDialogMode
from magicgui.widgets import FileEdit

from ...kernels import BANKS, Kernel, bank, read_weights
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from ..layers.layer_data import View
from ..plots.kernel_icons import KernelPictures
from ..plots.pictures import middle_plane
from ..widgets.containers import Column, holding, rows
from ..widgets.fields import Choice
from ..widgets.text import note, say

#: Kernels of one channel, or an array of the shape (maps, channels, *kernel).
Weights = tuple[Kernel, ...] | np.ndarray

_FILE = "from a .npy file"
#: Most kernels that are drawn, and that are named.
_MOST_DRAWN, _MOST_NAMED = 32, 8


class WeightsChooser(Column):
    """Choice of a bank or a file, with a picture of each kernel."""

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self.kind = Choice(
            [*((name, name) for name in BANKS), None, (_FILE, _FILE)],
            label="bank of kernels",
            tooltip="Kernels known without training, or the weights of a trained layer",
        )
        self.file = FileEdit(
            mode=FileDialogMode.EXISTING_FILE,
            filter="Weights (*.npy)",
            label="file",
            tooltip="Numbers of the shape (maps, channels, *kernel), as PyTorch keeps them",
        )
        self.pictures, self.about = KernelPictures(), note()
        self._making = Latest(self.native, self._begin, self._made, title="bank of kernels", frame=0)
        for part in (rows(self.kind, self.file), holding(self.pictures), self.about):
            self.append(part)
        self.kind.changed.connect(self._show)
        self.file.changed.connect(self._show)
        self._show()

    def set_view(self, view: View) -> None:
        """Set the axes of the kernels."""
        self._view = view
        self._show()

    def factory(self) -> Callable[[], Weights]:
        """Read the fields; the returned function makes the weights, in any thread. ValueError if no file is chosen."""
        if self.kind.value != _FILE:
            return partial(bank, self.kind.value, ndim=2 if self._view is None else self._view.ndim)
        if not str(self.file.value).strip(". "):
            raise ValueError("choose the .npy file of the weights first")
        return partial(_read, str(self.file.value), self._view)

    @property
    def busy(self) -> bool:
        """Whether the pictures of the chosen weights are still being made."""
        return self._making.busy

    def _show(self, *_: object) -> None:
        self.file.visible = self.kind.value == _FILE
        self._making.ask()

    def _begin(self) -> Call:
        return partial(_planes_and_text, self.factory())

    def _made(self, outcome: Outcome) -> None:
        planes, text = outcome.value or ([], outcome.error)
        self.pictures.show_planes(planes)
        say(self.about, text)


def _read(path: str, view: View | None) -> np.ndarray:
    """The weights in a file; ValueError if the view has another number of axes."""
    found = read_weights(path)
    if view is not None and found.ndim - 2 != view.ndim:
        shape = " × ".join(map(str, found.shape))
        raise ValueError(
            f"the weights {shape} have kernels of {found.ndim - 2} axes, {view.label!r} acts on {view.ndim}: "
            "choose other axes under 'act on'"
        )
    return found


def _planes_and_text(make: Callable[[], Weights], progress: object) -> tuple[list[np.ndarray], str]:
    made = make()
    return kernel_planes(made), weights_text(made)


def kernel_planes(weights: Weights) -> list[np.ndarray]:
    """A plane of each kernel: the middle one of a volume, the first of several channels."""
    found = [kernel.values for kernel in weights] if isinstance(weights, tuple) else [one[0] for one in weights]
    return [middle_plane(values).astype(float) for values in found[:_MOST_DRAWN]]


def weights_text(weights: Weights) -> str:
    """Number of maps, and the kernels or the shape of the weights."""
    if isinstance(weights, np.ndarray):
        maps, channels, *size = weights.shape
        return f"{maps} maps of {channels} input channel{'s'[: channels != 1]}, kernels {' × '.join(map(str, size))}."
    names = [f"{number}: {kernel.name}" for number, kernel in enumerate(weights[:_MOST_NAMED])]
    more = f" … {len(weights) - _MOST_NAMED} more" if len(weights) > _MOST_NAMED else ""
    return f"{len(weights)} maps. {', '.join(names)}{more}"
