"""The `kernel` decorator, which adds a function to the catalogue and validates its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, wraps
from typing import Annotated, Any, ParamSpec, TypeAlias, get_type_hints

import numpy as np

from .._registry import Param, Registry, check
from ._docstrings import KERNEL_TEXTS
from ._kernel import Kernel
from ._values import Values

P = ParamSpec("P")

Lengths: TypeAlias = float | Sequence[float]
Ndim: TypeAlias = Annotated[int, Param(min=1, max=4, label="dimensions")]
Spacing: TypeAlias = Annotated[Lengths | None, Param(min=0, step=0.01, unit="length", advanced=True)]
Sigma: TypeAlias = Annotated[Lengths, Param(min=0, step=0.1, unit="length")]
Truncate: TypeAlias = Annotated[float, Param(min=0, max=20, step=0.5, advanced=True)]
Integrate: TypeAlias = Annotated[bool, Param(label="integrate over pixels", advanced=True)]
Sizes: TypeAlias = Annotated[int | Sequence[int], Param(min=1, step=2)]
Axis: TypeAlias = Annotated[int, Param(min=-4, max=3)]
Angle: TypeAlias = Annotated[float, Param(min=-360, max=360, step=1, unit="angle")]
Direction: TypeAlias = Annotated[Sequence[float] | None, Param(advanced=True)]

Declared: TypeAlias = float | str | Callable[[Mapping[str, Any]], float | str | None] | None


@dataclass(frozen=True)
class Design:
    """Entry of the catalogue: a function, and guaranteed properties of its kernels.

    `total` is the guaranteed sum, and `symmetry` is ``"even"`` or ``"odd"`` under reversal of all axes; either may be a
    function of the parameters, or None for no guarantee. Lists group the entries by `family` and show their `label`.
    """

    name: str
    family: str
    function: Callable[..., Kernel]
    total: Declared = None
    symmetry: Declared = None
    label: str = ""

    def __call__(self, **parameters: Any) -> Kernel:
        """Make the kernel."""
        return self.function(**parameters)

    @cached_property
    def signature(self) -> inspect.Signature:
        """Parameters with their defaults and resolved hints, limits included."""
        return signature_of(self.function)

    def promise(self, what: str, kernel: Kernel) -> float | str | None:
        """The guaranteed ``"total"`` or ``"symmetry"`` of a kernel that this entry made."""
        declared: Declared = getattr(self, what)
        return declared(kernel.parameters) if callable(declared) else declared


KERNELS: Registry[Design] = Registry("kernel")
"""The catalogue; filled by :func:`kernel`."""


def kernel(
    *, total: Declared = None, symmetry: Declared = None, family: str | None = None, label: str | None = None
) -> Callable[[Callable[P, Values | Kernel]], Callable[P, Kernel]]:
    """Decorate a function that returns weights, so that it returns a `Kernel` and is part of the catalogue.

    Arguments are checked against the limits in the signature before the function runs. The kernel stores the name of
    the function, the parameters, and the `spacing` if there is such a parameter.

    Parameters
    ----------
    total
        Guaranteed sum of the weights, or a function of the parameters that returns it.
    symmetry
        ``"even"`` or ``"odd"`` when reversing all axes keeps or negates the weights, or such a function.
    family
        Heading in lists; by default the name of the module.
    label
        Name in lists; by default the function's name without underscores.

    Examples
    --------
    >>> from typing import Annotated
    >>> import numpy as np
    >>> from napari_convolve.kernels import KERNELS, kernel, make
    >>> from napari_convolve._registry import Param
    >>> @kernel(total=1, symmetry="even")
    ... def tent(*, radius: Annotated[int, Param(min=0)] = 1):
    ...     rise = np.arange(1.0, radius + 2)
    ...     return np.concatenate([rise, rise[-2::-1]]) / rise[-1] ** 2
    >>> make("tent", radius=2).values.tolist()
    [0.1111111111111111, 0.2222222222222222, 0.3333333333333333, 0.2222222222222222, 0.1111111111111111]
    >>> tent(radius=-1)
    Traceback (most recent call last):
        ...
    ValueError: tent: radius=-1 must be at least 0
    >>> KERNELS.unregister("tent")
    """

    def decorate(function: Callable[P, Values | Kernel]) -> Callable[P, Kernel]:
        name = function.__name__

        @KERNEL_TEXTS.fill
        @wraps(function)
        def made(*args: P.args, **kwargs: P.kwargs) -> Kernel:
            given = checked(name, signature_of(made), args, kwargs)
            result = function(**given)  # type: ignore[call-arg]
            plain = result if isinstance(result, Kernel) else Kernel(result, spacing=given.get("spacing"))
            if "ndim" in given:
                given["ndim"] = plain.ndim
            place = plain.center, plain.spacing, plain.units
            return Kernel(plain.values, *place, name=name, parameters=remembered(given))

        made.__annotations__ = {**function.__annotations__, "return": Kernel}
        made.__signature__ = inspect.signature(function).replace(return_annotation=Kernel)  # type: ignore[attr-defined]
        heading = family or function.__module__.rpartition(".")[2]
        KERNELS.register(name, Design(name, heading, made, total, symmetry, label or name.replace("_", " ")))
        return made

    return decorate


def remembered(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that a kernel stores: all but long arrays."""
    return {key: value for key, value in given.items() if np.size(value) <= 512}


@cache
def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature with evaluated hints, ``Annotated`` included."""
    hints = get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters.values()
    return inspect.Signature([p.replace(annotation=hints.get(p.name, Any)) for p in parameters])


def checked(name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return all arguments by name, defaults included, validated by `check`; TypeError for unknown or missing ones."""
    takes = ", ".join(signature.parameters)
    for key in kwargs:
        if key not in signature.parameters:
            raise TypeError(f"{name} has no parameter {key!r}; it takes {takes}")
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{name}: {error}; it takes {takes}") from error
    bound.apply_defaults()
    hints = {key: parameter.annotation for key, parameter in signature.parameters.items()}
    return {key: check(f"{name}: {key}", hints[key], value) for key, value in bound.arguments.items()}


def names() -> tuple[str, ...]:
    """Return the names of all kernels of the catalogue."""
    return KERNELS.names()


def make(name: str, /, **parameters: Any) -> Kernel:
    """Make the kernel called `name`.

    Raises
    ------
    ValueError
        When there is no such kernel; the message lists the names.
    TypeError
        When it has no such parameter; the message lists its parameters.

    Examples
    --------
    >>> from napari_convolve.kernels import make
    >>> make("box", size=3, ndim=1).values.tolist()
    [0.3333333333333333, 0.3333333333333333, 0.3333333333333333]
    """
    return KERNELS.get(name)(**parameters)


def remake(kernel: Kernel) -> tuple[Kernel, dict[str, Any]] | None:
    """Return the catalogue's kernel of the same name and parameters, and the parameters that differ from the defaults.

    None when there is no such kernel: name and parameters in a file may be arbitrary.
    """
    if kernel.name not in KERNELS:
        return None
    known = KERNELS.get(kernel.name).signature.parameters
    given = {key: value for key, value in kernel.parameters.items() if key not in known or value != known[key].default}
    try:
        return make(kernel.name, **given), given
    except (TypeError, ValueError):
        return None


def grid_arguments(kernel: Kernel) -> list[str]:
    """Return centre, spacing and units as Python arguments, without those at their defaults."""
    given: dict[str, Any] = {"spacing": kernel.spacing, "units": kernel.units}
    if kernel.center != tuple(n // 2 for n in kernel.shape):
        given = {"center": kernel.center, **given}
    return [f"{key}={value!r}" for key, value in given.items() if value is not None]
