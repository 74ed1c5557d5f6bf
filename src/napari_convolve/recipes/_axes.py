"""Transfer the axes of a step to another image by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..kernels import Kernel
from ._step import Step


def names_of(one: Step) -> tuple[str, ...]:
    """The names of the axes that a step acts on, empty for an operation without axes; ValueError if not recorded."""
    given = one.arguments.get("axes")
    if "axes" not in one.arguments:
        return ()
    if one.labels is None:
        raise ValueError("does not know what its axes are called")
    if given is None and "channel_axis" in one.arguments:
        raise ValueError("does not say along which axes it acts")
    if given is None:
        arrays = [one.arguments[p.name] for p in one.function.arrays[1:]]
        kernel = next((array for array in arrays if isinstance(array, Kernel | np.ndarray)), None)
        given = range(-(len(one.labels) if kernel is None else kernel.ndim), 0)
    places = given if isinstance(given, Sequence) else (given,)
    if not all(isinstance(a, int) and -len(one.labels) <= a < len(one.labels) for a in places):
        raise ValueError(f"acts on axes={given!r}, which are not all of the axes {' '.join(one.labels)}")
    return tuple(one.labels[a] for a in places)


def for_axes(one: Step, labels: Sequence[str]) -> Step:
    """The step for an image whose axes are called `labels`, without its plan when the axes have other positions.

    Raises
    ------
    ValueError
        When the names do not identify the axes it acts on.
    """
    names = names_of(one)
    if not names:
        return one
    for name in names:
        if list(labels).count(name) != 1:
            raise ValueError(f"acts along {', '.join(names)}, the image has {', '.join(labels)}")
    axes = tuple(list(labels).index(name) for name in names)
    assert one.labels is not None
    before = tuple(one.labels.index(name) for name in names)
    if axes == before and len(labels) == len(one.labels):
        return one
    if one.arguments.get("channel_axis") is not None:
        raise ValueError(f"takes its channels from an axis of {', '.join(one.labels)}")
    for parameter in one.function.arrays[1:]:
        array = one.arguments[parameter.name]
        if isinstance(array, Kernel | np.ndarray) and array.ndim != len(axes):
            raise ValueError(f"has a {parameter.name} with {array.ndim} axes, made for {', '.join(one.labels)}")
    written = "".join(labels) if all(len(label) == 1 and label.isalpha() for label in labels) else None
    return replace(one, arguments={**one.arguments, "axes": axes}, plan=None, image=None, labels=written)
