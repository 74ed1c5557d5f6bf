"""Combine the designed kernel with a kept one: sum, difference, convolution; multiply by a number."""

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
class ScriptedKernel:
    """A kernel and a function that returns its Python expression, which takes a while to find."""

    kernel: Kernel
    python: Callable[[], str] = field(compare=False)


#: Combinations by label: the function of this and the kept kernel, and its Python expression.
COMBINATIONS: dict[str, tuple[Callable[[Kernel, Kernel], Kernel], str]] = {
    "this + kept": (lambda a, b: a + b, "({0} + {1})"),
    "this − kept": (lambda a, b: a - b, "({0} - {1})"),
    "kept − this": (lambda a, b: b - a, "({1} - {0})"),
    "this @ kept, one after the other": (lambda a, b: a @ b, "({0} @ {1})"),
}


class Combine(Column):
    """Fields for the kept kernel, the combination and a factor."""

    def __init__(self) -> None:
        self.kept: ScriptedKernel | None = None
        self.keep = PushButton(text="Keep this kernel", tooltip="Then change the kernel above and combine both")
        self.about = note("No kernel is kept yet.")
        self.way = Choice([("not at all", None), *((label, label) for label in COMBINATIONS)], label="combine")
        self.factor = NumberField(1.0, label="times", step=0.1)
        super().__init__(self.keep, self.about, rows(self.way, self.factor))
        self.way.enabled = False

    def hold(self, scripted: ScriptedKernel | None) -> None:
        """Keep a kernel, without combining it yet."""
        self.kept = scripted
        self.way.enabled = scripted is not None
        with self.changed.blocked():
            self.way.value = None
        size = " × ".join(map(str, scripted.kernel.shape)) if scripted else ""
        say(self.about, f"Kept: {scripted.kernel.name}, {size}" if scripted else "No kernel is kept yet.")

    def factory(self) -> Callable[[ScriptedKernel], ScriptedKernel]:
        """Read the fields; the returned function combines, in any thread, with ValueError if the two do not match."""
        return partial(_combined, self.way.value, self.factor.value, self.kept)

    @property
    def state(self) -> Any:
        """The values of the fields; setting it restores them."""
        return self.kept, self.way.value, self.factor.value

    @state.setter
    def state(self, value: Any) -> None:
        kept, way, factor = value
        self.hold(kept)
        self.way.value, self.factor.value = way, factor


def _combined(label: str | None, factor: float, kept: ScriptedKernel | None, this: ScriptedKernel) -> ScriptedKernel:
    if label is not None and kept is not None:
        function, pattern = COMBINATIONS[label]
        this = _wrapped(function(this.kernel, kept.kernel), pattern, this, kept)
    return this if factor == 1 else _wrapped(this.kernel * factor, f"({{0}} * {factor!r})", this)


def normalized(this: ScriptedKernel) -> ScriptedKernel:
    """The kernel divided by its sum; ValueError if that is zero."""
    return _wrapped(this.kernel.normalized(), "{0}.normalized()", this)


def _wrapped(kernel: Kernel, pattern: str, *parts: ScriptedKernel) -> ScriptedKernel:
    return ScriptedKernel(kernel, lambda: pattern.format(*(part.python() for part in parts)))
