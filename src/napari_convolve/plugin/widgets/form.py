"""Forms made from the signature of a function: one field per parameter."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from types import NoneType
from typing import Any

from magicgui.widgets import CheckBox, SpinBox, Widget

from ...recipes import Parameter, parameters
from .containers import Column, Fold, rows
from .fields import Choice, LengthsField, MatrixField, NumberField, TextField, number, numbers, whole

#: Choices of the parameter `dtype`, whose type says nothing of them.
_DTYPES = [("automatic", None), *((name, name) for name in ("uint8", "uint16", "float32", "float64"))]

#: Labels of choices whose names alone say little, short enough for a narrow panel.
_CHOICES = {
    "abs": "abs: without sign",
    "auto": "automatic",
    "biggs-andrews": "fast (Biggs-Andrews)",
    "clip": "clip: set to 0",
    "cupy": "GPU (cupy)",
    "direct": "direct: each window",
    "extend": "extend: continued",
    "fft": "fft: by Fourier",
    "full": "full: larger",
    "identity": "identity: strength",
    "laplacian": "laplacian: roughness",
    "leaky_relu": "leaky relu",
    "mirror": "mirror: edge once",
    "moisan": "moisan: no jumps",
    "nearest": "nearest: edge value",
    "numpy": "CPU (numpy)",
    "omit": "omit: left out",
    "overlap-save": "overlap-save: blocks",
    "periodic": "periodic: one period",
    "propagate": "propagate: spreads",
    "raise": "raise: an error",
    "reflect": "reflect: edge twice",
    "relu": "relu: negative to 0",
    "same": "same as the image",
    "separable": "separable: per axis",
    "sigmoid": "sigmoid: 0 to 1",
    "tanh": "tanh: -1 to 1",
    "valid": "valid: whole windows",
    "wrap": "wrap: other side",
}


class Settings(Column):
    """Base class of forms that give an operation its options."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters that have a field."""
        raise NotImplementedError

    def arguments(self) -> dict[str, Any]:
        """The values that differ from the defaults; ValueError with the field's label if a text cannot be parsed."""
        raise NotImplementedError


class Form(Settings):
    """Fields for the parameters of a public function or a kernel, with limits, choices and tooltips.

    Parameters named in `leave_out` get no field. Advanced ones, those in `fold` and the widgets `also` are in a
    collapsible section with the title `more`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        leave_out: Collection[str] = (),
        fold: Collection[str] = (),
        more: str = "More options",
        also: Sequence[Widget] = (),
        sliders: bool = False,
    ) -> None:
        super().__init__()
        hidden = {"progress", "report", *leave_out}
        self._parameters = {p.name: p for p in parameters(function) if not p.array and p.name not in hidden}
        self._fields: dict[str, Any] = {name: field_for(p, sliders=sliders) for name, p in self._parameters.items()}
        folded = {name for name, p in self._parameters.items() if p.limits.advanced or name in fold}
        advanced = [*also, *(field for name, field in self._fields.items() if name in folded)]
        usual = [field for name, field in self._fields.items() if name not in folded]
        if usual:
            self.append(rows(*usual))
        if advanced:
            self.append(Fold(more, rows(*advanced)))
        if {"boundary", "cval"} <= set(self._fields):
            self._fields["boundary"].changed.connect(self._show_constant)
            self._show_constant()

    def __getitem__(self, key: Any) -> Any:
        """The field of a parameter by its name."""
        return self._fields[key] if isinstance(key, str) else super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        return key in self._fields

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return self._parameters

    def _show_constant(self) -> None:
        self._fields["cval"].visible = self._fields["boundary"].value == "constant"

    def set_axes(self, names: Sequence[str]) -> None:
        """Set the names of the axes, in the fields that have a value per axis or choose one."""
        for name, field in self._fields.items():
            if isinstance(field, LengthsField):
                field.set_axes(names)
            elif name == "axis" and isinstance(field, Choice):
                field.offer((label, i - len(names)) for i, label in enumerate(names))

    def arguments(self) -> dict[str, Any]:
        values = {name: field.value for name, field in self._fields.items() if name != "cval" or self._constant()}
        return {name: value for name, value in values.items() if value != self.parameters[name].default}

    def _constant(self) -> bool:
        return "boundary" not in self._fields or self._fields["boundary"].value == "constant"


def field_for(parameter: Parameter, *, sliders: bool = False) -> Widget:
    """The field for a parameter, chosen by its name, its options and its type."""
    limits, types = parameter.limits, parameter.types
    default = parameter.default
    value: Any = (1.0 if types & {int, float} else "") if default is inspect.Parameter.empty else default
    names: dict[str, Any] = {
        "name": parameter.name,
        "label": limits.label or parameter.name.replace("_", " "),
        "tooltip": parameter.help.replace("``", "").replace("`", ""),
    }
    options = limits.options()
    span: dict[str, Any] = {"minimum": limits.min, "maximum": limits.max, "step": limits.step, "slider": sliders}
    if parameter.name == "dtype":
        return Choice(_DTYPES, value, **names)
    if parameter.name == "axis":
        return Choice([("x", -1)], **names)
    if options is not None:
        nothing = [("none", None)] if parameter.default is None and not {None, "none"} & set(options) else []
        return Choice([*nothing, *((_CHOICES.get(option, str(option)), option) for option in options)], value, **names)
    if types == {bool}:
        return CheckBox(value=value, **names)
    if NoneType in types:
        return TextField(_reader(parameter), value, hint=_hint(parameter.help), **names)
    if types >= {float, Sequence}:
        return LengthsField(value, **span, **names)
    if types == {int}:
        low, high = (
            default if limit is None else limit for limit, default in ((limits.min, -(10**9)), (limits.max, 10**9))
        )
        return SpinBox(value=value, min=int(low), max=int(high), step=int(limits.step or 1), **names)
    if types & {float, complex}:
        return NumberField(value, **span, **names)
    if default is inspect.Parameter.empty:
        return MatrixField(value, **names)
    return TextField(_reader(parameter), value, empty=default if isinstance(default, str) else None, **names)


def _hint(text: str) -> str:
    """Placeholder of an empty field: the default number, if the documentation names one.

    Examples
    --------
    >>> _hint("Least score, by default 0.7."), _hint("Number of threads.")
    ('0.7', 'automatic')
    """
    found = re.search(r"by default (\d+(?:\.\d+)?)", text)
    return found.group(1) if found else "automatic"


def _reader(parameter: Parameter) -> Callable[[str], Any]:
    """The function that parses the text of a field."""
    types = parameter.types
    if Sequence in types:
        return numbers
    if float in types or (parameter.limits.min is not None and int not in types):
        return number
    return whole if int in types and str not in types else str
