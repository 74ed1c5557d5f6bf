"""Where the weights of a layer come from: a bank of kernels that is known without training, or a plain NPY file."""

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

#: Kernels of one channel, or numbers of the shape (maps, channels, *kernel).
Weights = tuple[Kernel, ...] | np.ndarray

_FILE = "from a .npy file"
_MOST = 32
_LONGEST = 8


class WeightsChooser(Column):
    """The weights of `feature_maps`, with a picture of each kernel."""

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
        self._making = Latest(self.native, self._begin, self._made, title="bank of kernels", short=0)
        for part in (rows(self.kind, self.file), holding(self.pictures), self.about):
            self.append(part)
        self.kind.changed.connect(self._show)
        self.file.changed.connect(self._show)
        self._show()

    def set_view(self, view: View) -> None:
        """Tell which axes the kernels have."""
        self._view = view
        self._show()

    def factory(self) -> Callable[[], Weights]:
        """Read the fields now; what is returned makes what `feature_maps` takes, in any thread, or raises.

        Raises
        ------
        ValueError, OSError
            With one sentence that says what is missing or wrong.
        """
        if self.kind.value != _FILE:
            return partial(bank, self.kind.value, ndim=2 if self._view is None else self._view.ndim)
        if not str(self.file.value).strip(". "):
            raise ValueError("choose the .npy file of the weights first")
        return partial(_read, str(self.file.value), self._view)

    @property
    def busy(self) -> bool:
        """Whether the pictures are not yet of what is chosen."""
        return self._making.busy

    def _show(self, *_: object) -> None:
        self.file.visible = self.kind.value == _FILE
        self._making.ask()

    def _begin(self) -> Call:
        return partial(_shown, self.factory())

    def _made(self, outcome: Outcome) -> None:
        planes, text = outcome.value or ([], outcome.error)
        self.pictures.show_planes(planes)
        say(self.about, text)


def _read(path: str, view: View | None) -> np.ndarray:
    """The weights in a file; ValueError when a view has another number of axes."""
    found = read_weights(path)
    if view is not None and found.ndim - 2 != view.ndim:
        shape = " × ".join(map(str, found.shape))
        raise ValueError(
            f"the weights {shape} have kernels of {found.ndim - 2} axes, {view.label!r} acts on {view.ndim}: "
            "choose other axes under 'act on'"
        )
    return found


def _shown(make: Callable[[], Weights], progress: object) -> tuple[list[np.ndarray], str]:
    """What is shown of weights."""
    made = make()
    return planes_of(made), described(made)


def planes_of(weights: Weights) -> list[np.ndarray]:
    """A plane of each kernel: of volumes the middle one, of several channels the first."""
    found = [kernel.values for kernel in weights] if isinstance(weights, tuple) else [one[0] for one in weights]
    return [middle_plane(values).astype(float) for values in found[:_MOST]]


def described(weights: Weights) -> str:
    """How many maps there will be, and of what."""
    if isinstance(weights, np.ndarray):
        maps, channels, *size = weights.shape
        return f"{maps} maps of {channels} input channel{'s'[: channels != 1]}, kernels {' × '.join(map(str, size))}."
    names = [f"{number}: {kernel.name}" for number, kernel in enumerate(weights[:_LONGEST])]
    more = f" … {len(weights) - _LONGEST} more" if len(weights) > _LONGEST else ""
    return f"{len(weights)} maps. {', '.join(names)}{more}"
