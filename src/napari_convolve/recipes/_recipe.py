"""Recipes: recorded sequences of operations, to be run again on any image, saved in files, or written as a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from .._progress import ProgressCallback, Report
from ..planning import Plan
from . import _files
from ._axes import for_axes
from ._operations import OPERATIONS
from ._step import Step, run_steps, step
from ._values import INLINE_BYTES, Fetch, Keep, nested_lists
from ._versions import PACKAGE, as_version

RECIPE_FORMAT = "napari-convolve recipe"
RECIPE_VERSION = 1
_KEYS = ("format", "version", PACKAGE, "steps")
_MOST_STEPS = 1000


@dataclass(frozen=True, eq=False)
class Recipe:
    """A sequence of operations with all arguments that affect their result.

    `of` makes a recipe from one call, ``+`` joins recipes. Each step keeps the plan by which it was computed, so that
    on a CPU, with the same versions, running a recipe again gives exactly the same bits.

    Attributes
    ----------
    steps : tuple of Step
        The result of every step but the last must be an image.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> image, reports = np.eye(20), []
    >>> blur = nc.kernels.gaussian(sigma=1)
    >>> result = nc.convolve(image, blur, boundary="wrap", report=reports.append)
    >>> recipe = nc.Recipe.of("convolve", image=image, kernel=blur, boundary="wrap", plan=reports[0].plan)
    >>> again = nc.Recipe.from_json(recipe.to_json())
    >>> again == recipe, np.array_equal(again.run(image), result)
    (True, True)
    >>> print(recipe + recipe)
    convolve(kernel=gaussian, boundary='wrap') | convolve(kernel=gaussian, boundary='wrap')
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        steps = tuple(self.steps)
        object.__setattr__(self, "steps", steps)
        if not steps:
            raise ValueError("a recipe needs at least one step")
        for one in steps:
            if not isinstance(one, Step):
                raise TypeError(f"a recipe is made of steps, not of {type(one).__name__}")
        for number, one in enumerate(steps[:-1], 1):
            if not one.function.makes_image:
                raise ValueError(f"step {number} ({one.operation}) makes no image, so that no step can follow it")

    @classmethod
    def of(
        cls,
        operation: str,
        /,
        *,
        plan: Plan | Report | None = None,
        image: Any = None,
        labels: str | None = None,
        **arguments: Any,
    ) -> Recipe:
        """The recipe of one call.

        Parameters
        ----------
        operation : str
            Name of the public function.
        plan : Plan or Report, optional
            How the call was computed; without it, `run` makes a new plan.
        image : array_like or ArraySpec, optional
            The image of the call; shape and dtype are kept, since the plan is valid for these only.
        labels : str, optional
            Names of the image's axes, one letter each (``"tzyx"``), for `for_axes` and the command line.
        **arguments
            The other arguments by name; those that do not affect the result (`workers`, `progress` ...) are dropped.

        Raises
        ------
        TypeError, ValueError
            For an unknown operation or argument, and for arguments that are no data, such as functions.
        """
        return cls((step(operation, plan, image=image, labels=labels, **arguments),))

    def __add__(self, other: Recipe) -> Recipe:
        return Recipe(self.steps + other.steps) if isinstance(other, Recipe) else NotImplemented

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        return " | ".join(map(str, self.steps))

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, Recipe) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> str:
        def digest(array: np.ndarray) -> dict[str, Any]:
            return {"sha256": _files.digest_of(array)}

        return json.dumps([one.to_dict(digest) for one in self.steps])

    def for_axes(self, labels: Sequence[str]) -> Recipe:
        """The recipe for an image whose axes are called `labels`, with axes matched by name.

        `run` goes by the positions of the axes instead.

        Parameters
        ----------
        labels : sequence of str
            The name of each axis of the image, such as ``"tzyx"``.

        Returns
        -------
        Recipe
            Steps whose axes have other positions there lose their plan.

        Raises
        ------
        ValueError
            When a step has no names for its axes, or the image lacks one of them; the message names the step.

        Examples
        --------
        >>> import numpy as np, napari_convolve as nc
        >>> planes = nc.Recipe.of("convolve", kernel=nc.kernels.gaussian(sigma=1), labels="tyx", axes=(1, 2))
        >>> print(planes.for_axes("yxc"))
        convolve(kernel=gaussian, axes=(0, 1))
        """
        steps = []
        for number, one in enumerate(self.steps, 1):
            try:
                steps.append(for_axes(one, labels))
            except ValueError as error:
                raise ValueError(f"step {number} ({one.operation}) {error}") from error
        return Recipe(tuple(steps))

    def run(
        self,
        image: Any,
        *,
        workers: int | None = None,
        max_memory: int | str | None = None,
        progress: ProgressCallback | None = None,
        report: Callable[[Report], object] | None = None,
    ) -> Any:
        """Run all steps on an image.

        Parameters
        ----------
        image : array_like
            Recorded plans are used when it has the recorded shape and dtype; otherwise new plans are made.
        workers, max_memory, progress, report
            As for the operations; `report` is called once for each step.

        Returns
        -------
        array or Detections, Spectrum, NoiseEstimate
            Result of the last step.

        Raises
        ------
        TypeError, ValueError
            Those of the operations; the message names the step.
        """
        return self.retrace(image, workers=workers, max_memory=max_memory, progress=progress, report=report)[0]

    def retrace(self, image: Any, **options: Any) -> tuple[Any, Recipe]:
        """As `run`; returns the result and a recipe with the plans, image shapes and versions of this run."""
        result, steps = run_steps(self.steps, image, **options)
        return result, Recipe(steps)

    def to_python(self, source: str | PathLike[str] | None = None) -> str:
        """A Python script that computes the result from an image file, by default from `source`."""
        from ._script import script

        return script(self.steps, source)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as mappings, lists, numbers and text; arrays of more than 4 KiB stay read-only arrays."""
        return self._describe(lambda a: nested_lists(a) if a.nbytes <= INLINE_BYTES else {"values": a})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recipe:
        """The recipe from the result of `to_dict`.

        Raises
        ------
        ValueError
            When it was written by a newer version or is malformed; the message names the step.
        """
        return cls._of_data(data, _files.no_archive)

    def to_json(self, path: str | PathLike[str] | None = None) -> str:
        """The recipe as JSON text, also written to `path` when given.

        Parameters
        ----------
        path
            A ``.json`` file; an existing one is replaced. Arrays of more than 4 KiB go into an ``.npz`` file of the
            same name beside it, with their SHA-256 in the recipe. Without a path they are part of the text.

        Raises
        ------
        ValueError
            When the text would be longer than 16 MiB, or the name does not end in ``.json``.
        """
        if path is None:
            return _files.recipe_to_json(self._describe(nested_lists))
        return _files.write_recipe_files(Path(path), self._describe)

    @classmethod
    def from_json(cls, path_or_text: str | PathLike[str]) -> Recipe:
        """The recipe from a file, or from JSON text (which begins with a bracket).

        Raises
        ------
        FileNotFoundError
            When the file or the file of its arrays does not exist.
        ValueError
            When it was written by a newer version or is malformed; the message names file and step.
        """
        if isinstance(path_or_text, str) and path_or_text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
            return cls._of_data(_files.recipe_from_json(path_or_text.lstrip("\ufeff"))[0], _files.no_archive)
        path = Path(path_or_text)
        try:
            return cls._of_data(*_files.read_recipe_files(path))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def _describe(self, keep: Keep) -> dict[str, Any]:
        steps = [one.to_dict(keep) for one in self.steps]
        return {"format": RECIPE_FORMAT, "version": RECIPE_VERSION, PACKAGE: __version__, "steps": steps}

    @classmethod
    def _of_data(cls, data: Any, fetch: Fetch) -> Recipe:
        if not isinstance(data, Mapping) or data.get("format") != RECIPE_FORMAT:
            raise ValueError(f'not a recipe: its "format" must be {RECIPE_FORMAT!r}')
        written, version, steps = as_version(data.get(PACKAGE)), data.get("version"), data.get("steps")
        both = f"(written by {PACKAGE} {written}, this is {__version__})"
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise ValueError(f"version must be a whole number from 1, got {str(version)[:40]!r} {both}")
        if not isinstance(steps, list | tuple) or not 1 <= len(steps) <= _MOST_STEPS:
            raise ValueError(f"steps must be a list of 1 to {_MOST_STEPS} {both}")
        if version > RECIPE_VERSION:
            unknown = _first_unknown(steps)
            raise ValueError(f"version {version} of the format, known is {RECIPE_VERSION}{unknown} {both}")
        for key in data:
            if key not in _KEYS:
                raise ValueError(f"unknown key {str(key)[:40]!r}; a recipe has {', '.join(_KEYS)} {both}")
        found = []
        for number, one in enumerate(steps, 1):
            try:
                found.append(Step.from_dict(one, fetch))
            except (TypeError, ValueError) as error:
                raise ValueError(f"step {number}{_name_of(one)} {error} {both}") from error
        return cls(tuple(found))


def _name_of(data: Any) -> str:
    name = data.get("operation") if isinstance(data, Mapping) else None
    return f" ({name[:40]})" if isinstance(name, str) and name.isprintable() else ""


def _first_unknown(steps: Any) -> str:
    """Name the first step of a newer recipe whose operation this version does not have."""
    for number, one in enumerate(steps, 1):
        name = one.get("operation") if isinstance(one, Mapping) else None
        if not isinstance(name, str) or name not in OPERATIONS:
            return f"; step {number}{_name_of(one)} is unknown here"
    return ""
