"""One call of an operation as data: its name, its arguments, how it was computed and by which versions."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from .._progress import ProgressCallback, Report
from ..backends import BackendUnavailable, get_backend
from ..planning import ArraySpec, Plan
from ._checks import as_spec, changed, complete, labels_from, plan_from, spec_from
from ._operations import OPERATIONS, Operation
from ._values import Fetch, Keep, decode, encode
from ._versions import as_versions, differences, versions_here

_KEYS = ("operation", "arguments", "plan", "image", "labels", "versions")


@dataclass(frozen=True, eq=False)
class Step:
    """One call of an operation.

    Attributes
    ----------
    operation : str
        Name of the public function.
    arguments : mapping
        Everything that decides the result but the image, by name, defaults filled in.
    plan : Plan or None
        How it was computed.
    image : ArraySpec or None
        Shape and dtype of the image it was computed from.
    labels : str or None
        What the axes of that image are, one letter each.
    versions : mapping of str to str
        Of napari-convolve and what it computes with.

    Raises
    ------
    TypeError, ValueError
        For an unknown operation or argument, and for arguments that are no data.
    """

    operation: str
    arguments: Mapping[str, Any]
    plan: Plan | None = None
    image: ArraySpec | None = None
    labels: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", MappingProxyType(complete(self.operation, self.arguments)))
        object.__setattr__(self, "labels", labels_from(self.labels))
        object.__setattr__(self, "versions", MappingProxyType(as_versions(self.versions)))

    def __str__(self) -> str:
        shown = (f"{key}={_short(value)}" for key, value in changed(self.function, self.arguments).items())
        return f"{self.operation}({', '.join(shown)})"

    @property
    def function(self) -> Operation:
        """The operation's description."""
        return OPERATIONS.get(self.operation)

    def call(self, image: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arrays behind the image, and the options; the plan among them when it was made for such an image.

        Where the plan is not for the image (its shape and dtype, as far as they are known) all is planned anew.
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
        """The result for an image; the options are those of every operation."""
        arrays, options = self.call(image)
        given = {"workers": workers, "max_memory": max_memory, "progress": progress, "report": report}
        takes = inspect.signature(self.function.function).parameters
        more = {name: value for name, value in given.items() if value is not None and name in takes}
        return self.function.function(image, *arrays, **options, **more)

    def differences(self) -> tuple[str, ...]:
        """Which versions are others here, one phrase each."""
        return differences(self.versions, self.plan.backend if self.plan else "numpy")

    def to_dict(self, keep: Keep) -> dict[str, Any]:
        """Plain data; `keep` says where the samples of arrays go."""
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
        """A step from plain data; ValueError when anything in it is unknown here, or not as it should be."""
        if not isinstance(data, Mapping):
            raise ValueError("must be an object")
        for key in data:
            if key not in _KEYS:
                raise ValueError(f"has the unknown key {str(key)[:40]!r}; a step has {', '.join(_KEYS)}")
        operation, arguments = data.get("operation"), data.get("arguments", {})
        if not isinstance(arguments, Mapping):
            raise ValueError("has arguments that are no object")
        complete(operation, dict.fromkeys(arguments))  # unknown names first: their values may be of an unknown kind
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
    """One call as data.

    Parameters
    ----------
    operation : str
        Name of the public function.
    report : Report or Plan, optional
        What the call reported.
    image : array_like or ArraySpec, optional
        What the call was made on; only its shape and dtype are kept.
    labels : str, optional
        What the axes of the image are, one letter each: ``"tzyx"``.
    **arguments
        Those of the call, by name; options that only say how it runs (workers, progress ...) are left out.

    Raises
    ------
    TypeError, ValueError
        For an unknown operation or argument, and for arguments that are no data.
    """
    plan = report.plan if isinstance(report, Report) else report
    given = arguments.get("method")
    if isinstance(given, Plan):
        plan, arguments["method"] = plan or given, "auto"
    if not (plan is None or isinstance(plan, Plan)):
        raise TypeError(f"the plan of a step must be a Plan or a Report, not {type(plan).__name__}")
    left_out = OPERATIONS.get(operation).left_out
    kept = {name: value for name, value in arguments.items() if name not in left_out}
    try:
        return Step(operation, kept, plan, as_spec(image), labels, versions_here(plan.backend if plan else "numpy"))
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"a step of a recipe ({operation}) {error}") from error


def _usable(backend: str) -> bool:
    try:
        get_backend(backend)
    except (BackendUnavailable, ValueError):
        return False
    return True


def _short(value: Any) -> str:
    text = value.name if hasattr(value, "name") else repr(value)
    return text if len(text) <= 40 else f"{type(value).__name__}{getattr(value, 'shape', '')}"
