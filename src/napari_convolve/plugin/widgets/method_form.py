"""One form for several operations: choose one, with the fields that all share shown once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from magicgui.widgets import Widget

import napari_convolve as nc

from ...recipes import Parameter, parameters
from .containers import rows
from .fields import Choice
from .form import Form, Settings
from .text import note, say, summary


@dataclass(frozen=True)
class MethodEntry:
    """A public function that can be chosen: its name, its label and a sentence on when to use it."""

    operation: str
    label: str
    about: str

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return parameters(getattr(nc, self.operation))


def method_of(operation: str, label: str = "", about: str = "") -> MethodEntry:
    """The entry of an operation; empty texts come from its name and the first sentence of its docstring."""
    plain = operation.replace("_", " ").capitalize()
    return MethodEntry(operation, label or plain, about or summary(getattr(nc, operation)))


class MethodForms(Settings):
    """The choice of a method, a form with its own options, and one with the options that all methods share.

    `leave_out` and `also` are those of `Form`; `also` goes with the shared options.
    """

    def __init__(
        self, methods: Sequence[MethodEntry], *, leave_out: Collection[str], also: Sequence[Widget] = ()
    ) -> None:
        super().__init__()
        self._methods = {method.operation: method for method in methods}
        shared = set.intersection(*({p.name for p in m.parameters if p.limits.advanced} for m in methods))
        self.method = Choice([(m.label, m.operation) for m in methods], label="method")
        self.about = note()
        self.append(rows(self.method))
        self.append(self.about)
        self._forms: dict[str, Form] = {}
        for method in methods:
            callbacks = {p.name for p in method.parameters if p.called}
            function, out = getattr(nc, method.operation), {*leave_out, *shared, *callbacks}
            self._forms[method.operation] = Form(function, leave_out=out, more=f"More for {method.label}")
        first = methods[0]
        rest = {p.name for p in first.parameters if p.name not in shared}
        self._shared = Form(getattr(nc, first.operation), leave_out={*leave_out, *rest}, also=also)
        self.extend([*self._forms.values(), self._shared])
        self.method.changed.connect(self._show)
        self._show()

    def __getitem__(self, key: Any) -> Any:
        """The field of a parameter of the chosen method by its name."""
        if isinstance(key, str):
            return (self._form if key in self._form.parameters else self._shared)[key]
        return super().__getitem__(key)

    @property
    def _form(self) -> Form:
        return self._forms[self.method.value]

    @property
    def operation(self) -> str:
        return str(self.method.value)

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return {**self._form.parameters, **self._shared.parameters}

    def arguments(self) -> dict[str, Any]:
        return {**self._form.arguments(), **self._shared.arguments()}

    def takes(self, name: str) -> bool:
        """Whether the chosen function has a parameter of this name."""
        return name in {p.name for p in self._methods[self.operation].parameters}

    def _show(self) -> None:
        for name, form in self._forms.items():
            form.visible = name == self.operation
        say(self.about, self._methods[self.operation].about)
