"""One step of a recipe: the recorded call of an operation with arguments, plan and versions."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .._progress import ProgressCallback, ReadOnly, Report
from ..backends import BackendUnavailable, get_backend
from ..planning import ArraySpec, Plan
from ._checks import as_spec, complete_arguments, labels_from, non_default, plan_from, spec_from
from ._operations import OPERATIONS, Operation
from ._values import Fetch, Keep, decode, encode
from ._versions import as_versions, differences, versions_here

_KEYS = ("operation", "arguments", "plan", "image", "labels", "versions")
_TICKS = 1000  # progress ticks of each step


@dataclass(frozen=True, eq=False)
class Step:
    """One recorded call of an operation.

    Attributes
    ----------
    operation : str
        Name of the public function.
    arguments : mapping
        All arguments except the image that affect the result, by name, defaults filled in.
    plan : Plan or None
        How it was computed.
    image : ArraySpec or None
        Shape and dtype of its image.
    labels : str or None
        Names of the axes of that image, one letter each.
    versions : mapping of str to str
        Versions of napari-convolve and the libraries it used.
    """

    operation: str
    arguments: Mapping[str, Any]
    plan: Plan | None = None
    image: ArraySpec | None = None
    labels: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", ReadOnly(complete_arguments(self.operation, self.arguments)))
        object.__setattr__(self, "labels", labels_from(self.labels))
        object.__setattr__(self, "versions", ReadOnly(as_versions(self.versions)))

    def __str__(self) -> str:
        shown = (f"{key}={_short(value)}" for key, value in non_default(self.function, self.arguments).items())
        return f"{self.operation}({', '.join(shown)})"

    @property
    def function(self) -> Operation:
        """The description of the operation."""
        return OPERATIONS.get(self.operation)

    def call(self, image: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arrays after the image, and the options, which include the plan if it was made for such an image.

        A plan is valid for images of its own shape and dtype; if these are not recorded, of its number of axes.
        """
        arrays = [p.name for p in self.function.arrays[1:]]
        options = {name: value for name, value in self.arguments.items() if name not in arrays}
        plan = self.plan
        if plan is not None and self._is_for(image):
            if _usable(plan.backend):
                options["backend"] = plan.backend
                if "method" in options:
                    options["method"] = plan
            else:
                text = f"{self.operation} was computed on {plan.backend}, which cannot be used here: equal to rounding"
                warnings.warn(text, UserWarning, stacklevel=4)
                options["backend"] = "auto"
        return tuple(self.arguments[name] for name in arrays), options

    def run(
        self,
        image: Any,
        *,
        workers: int | None = None,
        max_memory: int | str | None = None,
        progress: ProgressCallback | None = None,
        report: Callable[[Report], object] | None = None,
    ) -> Any:
        """Run the step on an image; the options are those of all operations."""
        arrays, options = self.call(image)
        given = {"workers": workers, "max_memory": max_memory, "progress": progress, "report": report}
        takes = inspect.signature(self.function.function).parameters
        more = {name: value for name, value in given.items() if value is not None and name in takes}
        return self.function.function(image, *arrays, **options, **more)

    def differences(self) -> tuple[str, ...]:
        """The versions that differ from the installed ones, one phrase each."""
        return differences(self.versions, self.plan.backend if self.plan else "numpy")

    def to_dict(self, keep: Keep) -> dict[str, Any]:
        """The step as plain data; `keep` describes the samples of arrays."""
        plan = None if self.plan is None else {**asdict(self.plan), "tiles": [int(n) for n in self.plan.tiles]}
        image = None if self.image is None else {"shape": list(self.image.shape), "dtype": self.image.dtype}
        return {
            "operation": self.operation,
            "arguments": {name: encode(value, keep) for name, value in self.arguments.items()},
            "plan": plan,
            "image": image,
            "labels": self.labels,
            "versions": dict(self.versions),
        }

    @classmethod
    def from_dict(cls, data: Any, fetch: Fetch) -> Step:
        """The step from plain data; ValueError when it is malformed or has something unknown."""
        if not isinstance(data, Mapping):
            raise ValueError("must be an object")
        for key in data:
            if key not in _KEYS:
                raise ValueError(f"has the unknown key {str(key)[:40]!r}; a step has {', '.join(_KEYS)}")
        operation, arguments = data.get("operation"), data.get("arguments", {})
        if not isinstance(arguments, Mapping):
            raise ValueError("has arguments that are no object")
        complete_arguments(
            operation, dict.fromkeys(arguments)
        )  # unknown names first: their values may be of an unknown kind
        decoded = {}
        for name, value in arguments.items():
            try:
                decoded[name] = decode(value, fetch)
            except ValueError as error:
                raise ValueError(f"has the argument {name}, which {error}") from error
        plan, image = plan_from(data.get("plan")), spec_from(data.get("image"))
        return cls(str(operation), decoded, plan, image, data.get("labels"), as_versions(data.get("versions", {})))

    def _is_for(self, image: Any) -> bool:
        assert self.plan is not None
        spec = as_spec(image)
        assert spec is not None
        return len(self.plan.tiles) == spec.ndim if self.image is None else spec == self.image


def step(
    operation: str,
    report: Report | Plan | None = None,
    /,
    *,
    image: Any = None,
    labels: str | None = None,
    **arguments: Any,
) -> Step:
    """Record one call as a step; the parameters and errors are those of `Recipe.of`."""
    plan = report.plan if isinstance(report, Report) else report
    given = arguments.get("method")
    if isinstance(given, Plan):
        plan, arguments["method"] = plan or given, "auto"
    if not (plan is None or isinstance(plan, Plan)):
        raise TypeError(f"the plan of a step must be a Plan or a Report, not {type(plan).__name__}")
    not_recorded = OPERATIONS.get(operation).not_recorded
    kept = {name: value for name, value in arguments.items() if name not in not_recorded}
    try:
        return Step(operation, kept, plan, as_spec(image), labels, versions_here(plan.backend if plan else "numpy"))
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"a step of a recipe ({operation}) {error}") from error


def run_steps(
    steps: Sequence[Step],
    image: Any,
    *,
    workers: int | None = None,
    max_memory: int | str | None = None,
    progress: ProgressCallback | None = None,
    report: Callable[[Report], object] | None = None,
) -> tuple[Any, tuple[Step, ...]]:
    """The result of the last step, and the steps with the plans, image shapes and versions of this run."""
    done = []
    for number, one in enumerate(steps):
        share = None if progress is None else share_of(progress, number, len(steps))
        reports: list[Report] = []
        given = image
        try:
            image = one.run(given, workers=workers, max_memory=max_memory, progress=share, report=reports.append)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"step {number + 1} ({one.operation}): {error}") from error
        plan = reports[-1] if reports else None
        done.append(step(one.operation, plan, image=given, labels=one.labels, **one.arguments))
        if report is not None:
            for each in reports:
                report(each)
    return image, tuple(done)


def share_of(progress: ProgressCallback, number: int, count: int) -> ProgressCallback:
    """The callback for step `number` of `count`, which reports to `progress` as one part of the whole."""
    return lambda done, total: progress(number * _TICKS + _TICKS * done // max(total, 1), count * _TICKS)


def _usable(backend: str) -> bool:
    try:
        get_backend(backend)
    except (BackendUnavailable, ValueError):
        return False
    return True


def _short(value: Any) -> str:
    text = value.name if hasattr(value, "name") else repr(value)
    return text if len(text) <= 40 else f"{type(value).__name__}{getattr(value, 'shape', '')}"
