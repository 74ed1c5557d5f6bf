"""``--recipe FILE``: write the recipe of a result."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._progress import Report
from ..bigdata.files import Labeled, check_output
from ..recipes import Operation, Recipe
from ..recipes._files import check_archive
from ._images import without_opacity


def input_files(*given: Any) -> list[str]:
    """The files among the values of arguments and options, however deep; none of them may be an output."""
    found: list[str] = []
    for value in given:
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list | tuple):
            found += input_files(*value)
        elif isinstance(value, str) and value and os.path.exists(value):
            found.append(value)
    return found


def check_recipe(path: str | None, inputs: Sequence[str] = (), *, overwrite: bool) -> Path | None:
    """The path of the recipe, after a check that it and the file of its arrays may be written."""
    if path is None:
        return None
    target = check_output(path, inputs=inputs, overwrite=overwrite, formats=(".json",))
    check_output(target.with_suffix(".npz"), inputs=inputs, overwrite=overwrite, formats=(".npz",))
    check_archive(target)
    return target


def write_recipe(
    target: Path | None, operation: Operation, image: Labeled, weights: Any, options: Mapping[str, Any], report: Report
) -> None:
    """Write the recipe of a result, unless `target` is None."""
    if target is None:
        return
    arguments = dict(options) if weights is None else {operation.arrays[1].name: weights, **options}
    labels = "".join(image.axes)
    Recipe.of(operation.name, plan=report, image=without_opacity(image), labels=labels, **arguments).to_json(target)
