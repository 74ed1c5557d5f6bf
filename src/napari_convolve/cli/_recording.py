"""``--recipe FILE``: write the recipe of a result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._progress import Report
from ..bigdata.files import Labeled, check_output
from ..recipes import Operation, Recipe
from ._images import without_opacity


def check_recipe(path: str | None, *, overwrite: bool) -> Path | None:
    """The path of the recipe, after a check that it and the file of its arrays may be written."""
    if path is None:
        return None
    target = check_output(path, overwrite=overwrite, formats=(".json",))
    check_output(target.with_suffix(".npz"), overwrite=overwrite, formats=(".npz",))
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
