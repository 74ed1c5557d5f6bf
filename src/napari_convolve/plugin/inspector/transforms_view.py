"""The convolution theorem around a place: transforms, their product, and the difference from the direct result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from magicgui.widgets import CheckBox
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QImage, QPainter, QPaintEvent, QPalette

import napari_convolve as nc

from ...kernels import Kernel
from ...ops.inspection.theorem import Theorem
from ..jobs.timing import VIEW_REST, single_shot
from ..plots.pictures import HeightForWidth, image_of, middle_plane
from ..widgets.containers import Column, holding
from ..widgets.text import note, say, sentence

_TITLE, _GAP = 18, 6
#: Range of the shown amplitudes, in decades below the largest one.
_DECADES = 5.0
#: Side of the transformed region, in samples, by number of axes.
_REGION = {1: 128, 2: 64, 3: 24}
_LEFT_OUT = (
    "Where samples are left out, every window has weights of its own: that is no single kernel, and so no product of "
    "two transforms. Let all samples count to compare."
)


class FrequencyPart(Column):
    """A check box that shows the convolution around a place by transforms too."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = CheckBox(text="same thing in frequency", tooltip="Transform, multiply, transform back")
        self.pictures, self.verdict = TransformPictures(), note()
        self._row = holding(self.pictures)
        self._now: tuple[Any, Kernel, tuple[int, ...], Mapping[str, Any]] | None = None
        self.extend([self.wanted, self._row, self.verdict])
        self._rest = single_shot(self.native, self.compare, VIEW_REST)
        self.wanted.changed.connect(self._changed)
        self._changed()

    def follow(
        self, samples: Any, kernel: Kernel, index: tuple[int, ...], options: Mapping[str, Any], masked: bool = False
    ) -> None:
        """Set another place; it is computed when the mouse rests."""
        self._now = samples, kernel, index, {**options, "mask": masked}
        if self.wanted.value:
            self._rest.start()

    def clear(self) -> None:
        """Show nothing: there is no place."""
        self._now = None
        self.stop()
        self.pictures.show_theorem(None)
        say(self.verdict, "")

    def stop(self) -> None:
        """Cancel the pending computation."""
        self._rest.stop()

    def _changed(self) -> None:
        self._row.visible = self.wanted.value
        say(self.verdict, "")
        if self.wanted.value:
            self.compare()

    def compare(self) -> None:
        """Compute the region around the place directly and by transforms, and show both."""
        if self._now is None:
            return
        samples, kernel, index, given = self._now
        options = {name: value for name, value in given.items() if name not in ("mask", "nan")}
        if given["mask"] or given.get("nan") == "omit":
            self.pictures.show_theorem(None)
            say(self.verdict, _LEFT_OUT)
            return
        half = _REGION.get(samples.ndim, 8) // 2
        region = [(max(i - half, 0), min(i + half, n)) for i, n in zip(index, samples.shape, strict=True)]
        try:
            found = nc.convolution_theorem(samples, kernel, region=region, **options)
        except (ValueError, TypeError, MemoryError) as error:
            say(self.verdict, sentence(error))
            return
        self.pictures.show_theorem(found)
        at = tuple(i - low for i, (low, _) in zip(index, region, strict=True))
        say(self.verdict, verdict(found, at))


def verdict(found: Theorem, at: Sequence[int]) -> str:
    """Text on the values at one place and the largest difference of all."""
    size, place = " × ".join(map(str, found.direct.shape)), tuple(at)
    return (
        f"Of the {size} samples around: by transforms {found.by_transform[place]:.6g} at this place, directly "
        f"{found.direct[place]:.6g}; nowhere do they differ by more than {found.difference:.1e} of the largest sum. "
        "Transforms: amplitudes over five decades, frequency 0 in the middle."
    )


class TransformPictures(HeightForWidth):
    """Six pictures: image, kernel and result above, the amplitudes of their transforms below."""

    def __init__(self) -> None:
        super().__init__(height=240)
        self._pictures: list[tuple[str, QImage]] = []

    def show_theorem(self, found: Theorem | None) -> None:
        self._pictures = []
        if found is not None:
            margin = tuple((s - d) // 2 for s, d in zip(found.samples.shape, found.direct.shape, strict=True))
            shifts = [n // 2 - r for n, r in zip(found.weights.shape, margin, strict=True)]
            weights = np.roll(found.weights, shifts, tuple(range(found.weights.ndim)))
            self._pictures = [
                ("image", grey_image(middle_plane(found.samples))),
                ("⊛ kernel", grey_image(middle_plane(weights))),
                ("= result", grey_image(middle_plane(found.by_transform))),
                ("transform", amplitude_image(found.image_transform)),
                ("× transform", amplitude_image(found.kernel_transform)),
                ("= product", amplitude_image(found.product)),
            ]
        self.update()

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self._pictures]

    def _side(self) -> float:
        return max(float(self.width() - 2 * _GAP) / 3, 1.0)

    def height_needed(self) -> int:
        return int(2 * (self._side() + _TITLE)) + 4

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, side = QPainter(self), self._side()
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        for number, (title, image) in enumerate(self._pictures):
            left, top = (number % 3) * (side + _GAP), (number // 3) * (side + _TITLE)
            painter.drawText(QRectF(left, top, side, _TITLE), Qt.AlignmentFlag.AlignLeft, title)
            wide = side * min(1.0, image.width() / image.height())
            high = side * min(1.0, image.height() / image.width())
            painter.drawImage(QRectF(left, top + _TITLE, wide, max(high, 8.0)), image)
        painter.end()


def amplitude_image(transform: NDArray[np.complex128]) -> QImage:
    """The logarithmic amplitudes of a transform, with zero frequency in the middle."""
    size = np.abs(middle_plane(np.fft.fftshift(transform)))
    with np.errstate(divide="ignore"):
        decades = np.log10(size / (size.max() or 1.0))
    return grey_image(np.clip(decades, -_DECADES, 0))


def grey_image(values: NDArray[np.float64]) -> QImage:
    """Values as grey levels, the smallest black and the largest white."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    grey = np.nan_to_num((values - low) / ((high - low) or 1.0) * 255).astype(np.uint8)
    return image_of(grey)
