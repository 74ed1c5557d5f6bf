"""Controls of a walk: play, pause, step, speed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite

from magicgui.widgets import Slider
from qtpy.QtCore import QTimer

from ..layers.layer_data import Source
from ..widgets.containers import Column, beside, button, rows
from .canvas_marks import Marks
from .walk import Walk

#: Number of values that are computed in advance for the contrast limits.
_SAMPLED = 60


class Player(Column):
    """Buttons that move the window along a walk while the result appears sample by sample.

    `begin` returns the image and a new walk on it, `value` the result at a place, each None if there is none; `look`
    shows the window at a place.
    """

    def __init__(
        self,
        marks: Marks,
        begin: Callable[[], tuple[Source, Walk] | None],
        value: Callable[[Sequence[int]], float | None],
        look: Callable[[Sequence[int]], None],
    ) -> None:
        super().__init__()
        self._marks, self._new, self._value, self._look = marks, begin, value, look
        self.walk: Walk | None = None
        self.number = 0
        self.play = button("Play", self.toggle, "Let the window walk; the result appears cell by cell")
        self.step = button("Step", self.go, "One cell further")
        self.speed = Slider(value=5, min=1, max=40, label="cells per second")
        self.extend([beside(self.play, self.step), rows(self.speed)])
        self._timer = QTimer(self.native)
        self._timer.timeout.connect(self._tick)
        self.speed.changed.connect(self._pace)

    @property
    def running(self) -> bool:
        return bool(self._timer.isActive())

    def toggle(self) -> None:
        """Play, or pause."""
        if self.running:
            self.stop()
        elif self._begin():
            self._pace()
            self._timer.start()
            self.play.text = "Pause"

    def go(self) -> None:
        """Pause, then go one step."""
        self.stop()
        if self._begin():
            self._tick()

    def stop(self) -> None:
        """Pause."""
        self._timer.stop()
        self.play.text = "Play"

    def forget(self) -> None:
        """Stop, and remove the result, which belongs to another kernel or image."""
        self.stop()
        self.walk = None
        self._marks.remove_result()

    @property
    def _ended(self) -> bool:
        return self.walk is None or self.number >= self.walk.length or self._marks.result is None

    def _begin(self) -> bool:
        """Start a new walk if there is none or it has ended; whether there is one now."""
        if self._ended:
            found = self._new()
            if found is None:
                return False
            source, self.walk = found
            self.number = 0
            self._marks.start_result(source, self.walk, self._limits(self.walk))
        return True

    def _limits(self, walk: Walk) -> tuple[float, float]:
        """Contrast limits from some values of the result, so that its colours do not change during the walk."""
        places = range(0, walk.length, max(walk.length // _SAMPLED, 1))
        values = [self._value(walk.place(number)) for number in places]
        finite = [v for v in values if v is not None and isfinite(v)] or [0.0]
        low, high = min(finite), max(finite)
        return low, high if high > low else low + 1.0

    def _tick(self) -> None:
        """Go one step; stop at the end or at an error."""
        value = None if self.walk is None or self._ended else self._value(self.walk.place(self.number))
        if self.walk is None or value is None:
            self.stop()
            return
        self._look(self.walk.place(self.number))
        self._marks.put(self.walk.cell(self.number), value)
        self.number += 1
        if self._ended:
            self.stop()

    def _pace(self) -> None:
        self._timer.setInterval(max(int(1000 / self.speed.value), 1))
