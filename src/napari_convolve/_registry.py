"""`Param`: limits of parameters in signatures, with the validator that enforces them; registries of named choices."""

from __future__ import annotations

import functools
import inspect
import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_CALLABLE: Any = Callable


@dataclass(frozen=True)
class Param:
    """Limits, unit and label of a parameter, in its signature as ``Annotated[float, Param(...)]``.

    The validator, the forms of the plugin, the options of the command line and the reference pages use them.

    Parameters
    ----------
    min, max
        Inclusive limits, or None.
    step
        Increment of a spin box.
    unit
        ``"length"`` (pixels, or physical units when a spacing is given), ``"angle"`` (degrees), ``"frequency"``,
        ``"bytes"`` or None.
    choices
        The allowed values, or a callable that returns them (for registries that can grow).
    label
        Label in forms; None derives it from the parameter's name.
    advanced
        Whether forms hide the option in their folded part.
    """

    min: float | None = None
    max: float | None = None
    step: float | None = None
    unit: str | None = None
    choices: tuple[Any, ...] | Callable[[], tuple[Any, ...]] | None = None
    label: str | None = None
    advanced: bool = False

    def options(self) -> tuple[Any, ...] | None:
        """The currently allowed values, or None when all values within the limits are allowed."""
        return self.choices() if callable(self.choices) else self.choices


def limits_of(hint: Any) -> Param:
    """The `Param` in a hint; an empty one when there is none."""
    extras = hint.__metadata__ if get_origin(hint) is Annotated else ()
    return next((extra for extra in extras if isinstance(extra, Param)), Param())


def types_of(hint: Any) -> frozenset[Any]:
    """Types in a hint without their arguments: int and Sequence for ``int | Sequence[int]``, object for Any."""
    if get_origin(hint) is Annotated:
        return types_of(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return frozenset(type(value) for value in get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return frozenset().union(*(types_of(member) for member in get_args(hint)))
    kind = get_origin(hint) or hint
    return frozenset({kind if isinstance(kind, type) and kind is not Any else object})


def check(name: str, hint: Any, value: Any) -> Any:
    """Validate `value` against its hint and return it as plain Python numbers and tuples.

    Types and limits of numbers, alone or in a sequence, choices, text and callables are checked. Other objects that the
    hint allows (arrays, a `Plan`) are returned unchanged, for the function itself to check.

    Raises
    ------
    TypeError
        For a value of the wrong type.
    ValueError
        For a number that is not finite or outside its limits, or a value that is none of the choices.
    """
    kinds, limits = types_of(hint), limits_of(hint)
    if value is None and NoneType in kinds:
        return None
    options = limits.options()
    if options is not None:
        if isinstance(value, str | int) and value in options:
            return value
        others = tuple(kinds - {str, NoneType, int, float})
        if isinstance(value, str) or not (kinds & {int, float} or isinstance(value, others)):
            raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, options))}")
        if not kinds & {int, float}:
            return value
    if kinds <= {str, NoneType}:
        if not isinstance(value, str):
            raise TypeError(f"{name}={value!r} must be text")
        return value
    if _CALLABLE in kinds:
        if not callable(value):
            raise TypeError(f"{name}={value!r} must be callable{' or None' if NoneType in kinds else ''}")
        return value
    if kinds <= {bool, NoneType}:
        if type(value).__name__ not in ("bool", "bool_"):  # numpy's too, without importing it
            raise TypeError(f"{name}={value!r} must be True or False")
        return bool(value)
    return _check_numbers(name, hint, kinds, limits, value)


def _check_numbers(name: str, hint: Any, kinds: frozenset[Any], limits: Param, value: Any) -> Any:
    """Validate one number, or a sequence of them; other objects that the hint allows are returned unchanged."""
    if (limits.min, limits.max) == (None, None) and not kinds <= {int, float, NoneType}:
        return value  # axes, origins: only the function knows their limits
    others = kinds - {int, float, NoneType, Sequence, bool}
    if object in others or limits.unit == "bytes":
        limited = (limits.min, limits.max) != (None, None)
        if limited and isinstance(value, int | float) and not isinstance(value, bool):
            check_number(name, float, limits, value)
        return value
    if others and (isinstance(value, tuple(others)) or not kinds & {int, float, Sequence}):
        return value
    number = int if (int in kinds and float not in kinds) or _is_integers(hint) else float
    if Sequence in kinds and not isinstance(value, str | bytes | dict):
        if isinstance(value, Sequence) or getattr(value, "ndim", 0) == 1:
            return tuple(check_number(name, number, limits, v) for v in value)
        if not kinds & {int, float}:
            raise TypeError(f"{name}={value!r} must be a sequence of numbers")
    return check_number(name, number, limits, value)


def _is_integers(hint: Any) -> bool:
    return get_args(hint)[:1] == (Sequence[int],)


def check_number(name: str, kind: type[int] | type[float], limits: Param, value: Any) -> int | float:
    """`value` as a number of `kind` within `limits`; it must be finite, unless infinity is a limit."""
    a = "an integer" if kind is int else "a number"
    real = (
        hasattr(value, "__float__") and not hasattr(value, "__len__") and type(value).__name__ not in ("bool", "bool_")
    )
    if not real or getattr(value, "shape", ()) != ():
        raise TypeError(f"{name}={value!r} must be {a}")
    if getattr(getattr(value, "dtype", None), "kind", "f") not in "iuf":
        raise TypeError(f"{name}={value!r} must be a real number")
    try:
        number: int | float = operator.index(value) if kind is int else float(value)
    except TypeError as error:
        raise TypeError(f"{name}={value!r} must be {a}") from error
    except OverflowError as error:
        raise ValueError(f"{name} must be finite, got a number of {len(str(value))} digits") from error
    if not math.isfinite(number) and number not in (limits.min, limits.max):
        raise ValueError(f"{name}={value!r} must be finite")
    if limits.min is not None and number < limits.min:
        raise ValueError(f"{name}={value!r} must be at least {limits.min:g}")
    if limits.max is not None and number > limits.max:
        raise ValueError(f"{name}={value!r} must be at most {limits.max:g}")
    return number


def validated(function: F, masked: Sequence[str] = ("image",)) -> F:
    """Decorate a public function so that its options are validated by `check` before it runs.

    The function itself validates its positional-only arguments (images, kernels), but for one thing: a masked array is
    refused by every argument that is not one of `masked`, since its mask would be lost.
    """
    parameters = tuple(inspect.signature(function).parameters.values())
    names = tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "")
    arrays = sum(p.kind is p.POSITIONAL_ONLY for p in parameters)

    @functools.cache
    def hints() -> dict[str, Any]:
        # without the return hint, whose type may be imported for type checkers only
        taken = SimpleNamespace(
            __annotations__={p.name: p.annotation for p in parameters if p.annotation is not p.empty}
        )
        return get_type_hints(taken, function.__globals__, include_extras=True)

    @functools.wraps(function)
    def checked(*args: Any, **options: Any) -> Any:
        for name, value in (*zip(itertools.chain(names, itertools.repeat(rest)), args, strict=False), *options.items()):
            if type(value).__name__ == "MaskedArray" and name not in masked and value.mask.any():
                honours = " and ".join(masked) or "no argument"
                raise ValueError(
                    f"{name} has {value.mask.sum()} masked values; fill them first ({honours} may have a mask)"
                )
        if len(args) > arrays:  # too many arguments raise in the function itself
            given = [
                check(name, hints().get(name, Any), value)
                for name, value in zip(names[arrays:], args[arrays:], strict=False)
            ]
            args = (*args[:arrays], *given, *args[len(names) :])
        if options:
            options = {name: check(name, hints().get(name, Any), value) for name, value in options.items()}
        return function(*args, **options)

    return checked  # type: ignore[return-value]


class Registry(Generic[T]):
    """Ordered mapping from names to items; errors for unknown names list the choices.

    Examples
    --------
    >>> colours = Registry[int]("colour")
    >>> _ = colours.register("red", 0xFF0000)
    >>> colours.names()
    ('red',)
    >>> colours.get("green")
    Traceback (most recent call last):
        ...
    ValueError: unknown colour 'green'; choose from 'red'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def register(self, name: str, item: T) -> T:
        """Add or replace `item` under `name` and return it."""
        self._items[name] = item
        return item

    def unregister(self, name: str) -> None:
        """Remove `name`; unknown names are ignored."""
        self._items.pop(name, None)

    def names(self) -> tuple[str, ...]:
        """All names, in the order of registration."""
        return tuple(self._items)

    def values(self) -> tuple[T, ...]:
        """All items, in the order of registration."""
        return tuple(self._items.values())

    def get(self, name: str) -> T:
        """The item called `name`; ValueError with all names when there is none."""
        if isinstance(name, str) and name in self._items:
            return self._items[name]
        raise ValueError(f"unknown {self.kind} {name!r}; choose from {', '.join(map(repr, self._items))}")

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
