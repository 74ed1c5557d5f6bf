"""Combine the kernel with one that was kept: sum, difference, one after the other; times a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from magicgui.widgets import PushButton

from ...kernels import Kernel
from ..widgets.containers import Column, rows
from ..widgets.fields import Choice, NumberField
from ..widgets.text import note, say


@dataclass(frozen=True)
class Written:
    """A kernel, and what writes the Python expression that makes it; that takes a while, so it waits until asked."""

    kernel: Kernel
    python: Callable[[], str] = field(compare=False)


#: What is done, in words: the function, and how Python writes it with this kernel and the kept one.
WAYS: dict[str, tuple[Callable[[Kernel, Kernel], Kernel], str]] = {
    "this + kept": (lambda a, b: a + b, "({0} + {1})"),
    "this − kept": (lambda a, b: a - b, "({0} - {1})"),
    "kept − this": (lambda a, b: b - a, "({1} - {0})"),
    "this @ kept, one after the other": (lambda a, b: a @ b, "({0} @ {1})"),
}


class Combine(Column):
    """Which kernel is kept, and what is done with it."""

    def __init__(self) -> None:
        self.kept: Written | None = None
        self.keep = PushButton(text="Keep this kernel", tooltip="Then change the kernel above and combine both")
        self.about = note("No kernel is kept yet.")
        self.way = Choice([("not at all", None), *((way, way) for way in WAYS)], label="combine")
        self.factor = NumberField(1.0, label="times", step=0.1)
        super().__init__(self.keep, self.about, rows(self.way, self.factor))
        self.way.enabled = False

    def hold(self, written: Written | None) -> None:
        """Keep a kernel, and combine nothing for now."""
        self.kept = written
        self.way.enabled = written is not None
        with self.changed.blocked():
            self.way.value = None
        size = " × ".join(map(str, written.kernel.shape)) if written else ""
        say(self.about, f"Kept: {written.kernel.name}, {size}" if written else "No kernel is kept yet.")

    def factory(self) -> Callable[[Written], Written]:
        """Read the fields now; what is returned combines, in any thread; ValueError when the two do not combine."""
        return partial(_combined, self.way.value, self.factor.value, self.kept)

    @property
    def state(self) -> Any:
        """What is set; setting it brings that back."""
        return self.kept, self.way.value, self.factor.value

    @state.setter
    def state(self, value: Any) -> None:
        kept, way, factor = value
        self.hold(kept)
        self.way.value, self.factor.value = way, factor


def _combined(way: str | None, factor: float, kept: Written | None, this: Written) -> Written:
    if way is not None and kept is not None:
        function, pattern = WAYS[way]
        this = _wrapped(function(this.kernel, kept.kernel), pattern, this, kept)
    return this if factor == 1 else _wrapped(this.kernel * factor, f"({{0}} * {factor!r})", this)


def normalized(this: Written) -> Written:
    """Divided by its sum; ValueError when that is zero."""
    return _wrapped(this.kernel.normalized(), "{0}.normalized()", this)


def _wrapped(kernel: Kernel, pattern: str, *parts: Written) -> Written:
    return Written(kernel, lambda: pattern.format(*(part.python() for part in parts)))
