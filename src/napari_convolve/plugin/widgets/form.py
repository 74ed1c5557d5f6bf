"""A form made from the signature of a function: the only description of its parameters."""

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

#: Parameters whose type says too little about how a person gives them: the name decides.
_DTYPES = [("automatic", None), *((name, name) for name in ("uint8", "uint16", "float32", "float64"))]

#: Choices whose names say little, in words that have room in a narrow panel; Python's name mostly stands beside.
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
    """Fields that give an operation its options."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What there are fields for."""
        raise NotImplementedError

    def arguments(self) -> dict[str, Any]:
        """The values that differ from the defaults of the signature.

        Raises
        ------
        ValueError
            When a text cannot be read; it begins with the label of the field.
        """
        raise NotImplementedError


class Form(Settings):
    """The parameters of a function as fields with limits, choices and tooltips; advanced ones are folded away.

    Parameters
    ----------
    function
        A public function or a kernel of the catalogue.
    leave_out
        Names of parameters that somebody else provides.
    start
        Values that differ from the defaults of the signature.
    fold
        Names of parameters to fold away besides the advanced ones.
    more
        What the button of the advanced ones says.
    also
        Further widgets to fold away with them.
    sliders
        Whether numbers are moved by sliders.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        leave_out: Collection[str] = (),
        start: Mapping[str, Any] | None = None,
        fold: Collection[str] = (),
        more: str = "More options",
        also: Sequence[Widget] = (),
        sliders: bool = False,
    ) -> None:
        super().__init__()
        hidden = {"progress", "report", *leave_out}
        self._parameters = {p.name: p for p in parameters(function) if not p.array and p.name not in hidden}
        self._fields: dict[str, Any] = {
            name: field_for(p, (start or {}).get(name), sliders=sliders) for name, p in self._parameters.items()
        }
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
        """Tell the fields that speak of axes what the axes are called."""
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


def field_for(parameter: Parameter, start: Any = None, *, sliders: bool = False) -> Widget:
    """The field in which a person gives a parameter."""
    limits, types = parameter.limits, parameter.types
    default = start if start is not None else parameter.default
    value = _first_value(parameter) if default is inspect.Parameter.empty else default
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
    """What an empty field says: the number that counts then, if the documentation names one.

    Examples
    --------
    >>> _hint("Least score, by default 0.7."), _hint("Number of threads.")
    ('0.7', 'automatic')
    """
    found = re.search(r"by default (\d+(?:\.\d+)?)", text)
    return found.group(1) if found else "automatic"


def _reader(parameter: Parameter) -> Callable[[str], Any]:
    """How the text of a field becomes a value."""
    types = parameter.types
    if Sequence in types:
        return numbers
    if float in types or (parameter.limits.min is not None and int not in types):
        return number
    return whole if int in types and str not in types else str


def _first_value(parameter: Parameter) -> Any:
    """Where a field begins whose parameter has no default."""
    return 1.0 if parameter.types & {int, float} else ""
