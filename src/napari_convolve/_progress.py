"""Progress, cancellation and the `Report` of a call."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

ProgressCallback = Callable[[int, int], object]


class Cancelled(Exception):
    """Raise it in a `progress` callback to stop an operation; no partial result is kept."""


class Planned(Exception):
    """Stops a call made under `only_plan`, and carries its plan."""

    def __init__(self, plan: Any) -> None:
        super().__init__("the plan is made")
        self.plan = plan


_ONLY_PLAN: ContextVar[bool] = ContextVar("only_plan", default=False)


@contextmanager
def only_plan() -> Iterator[None]:
    """Operations called in this context raise `Planned` instead of computing."""
    token = _ONLY_PLAN.set(True)
    try:
        yield
    finally:
        _ONLY_PLAN.reset(token)


_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Operations called in this context report their fallbacks without a warning."""
    token = _QUIET.set(True)
    try:
        yield
    finally:
        _QUIET.reset(token)


#: Reasons for the end of an iteration other than its own stopping rule.
ALL_DONE, BY_CALLER = "all iterations done", "by the caller"
#: Readable text of the figures in a report; all others are shown by their names.
_WORDS = {
    "nsr": "noise to signal (nsr {:.4g})",
    "noise": "noise {:.4g} (standard deviation)",
    "predicted_error": "expected error {:.4g} (root mean square, in the image's units)",
    "sigma": "noise {:.4g} (standard deviation)",
    "accepted": "{} beads averaged",
    "rejected": "{} left out",
    "explained": "explains {:.4%} of the variance",
    "chi_square": "residual {:.4g} times the noise (chi square)",
    "whiteness": "whiteness of the residual {:.4g}",
    "flux_ratio": "light kept {:.1%}",
}


class ReadOnly(Mapping[str, Any]):
    """A mapping that cannot be changed, but copied and pickled, which a `types.MappingProxyType` cannot be."""

    def __init__(self, items: Mapping[str, Any] | None = None) -> None:
        self._items = dict(items or {})

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)


@dataclass(frozen=True)
class Report:
    """What an operation did, handed once to the `report` callback.

    Attributes
    ----------
    operation : str
        Name of the public function.
    plan : Plan or None
        How the result was computed (method, backend, tiles), with the predicted time and memory.
    seconds : float
        Wall time of the whole call.
    peak_bytes : int
        Growth of the process's resident memory during the call, sampled after each tile (output included); 0 where the
        operating system does not provide it.
    fallbacks : tuple of str
        Deviations from the plan, such as smaller tiles or another backend.
    assumptions : tuple of str
        Assumptions about the data.
    details : mapping
        Figures of the operation itself (nsr, iterations, stop reason, ...).
    """

    operation: str
    plan: Any
    seconds: float
    peak_bytes: int = 0
    fallbacks: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=ReadOnly)

    def __str__(self) -> str:
        parts = [self.operation]
        if self.plan is not None:
            parts.append(f"{self.plan.method} on {device_name(self.plan.backend)}")
        parts.append(format_seconds(self.seconds))
        if self.peak_bytes:
            parts.append(f"{format_bytes(self.peak_bytes)} of memory at most")
        parts += [*_figures(self.details), *self.fallbacks, *self.assumptions]
        return " · ".join(parts)


class Task:
    """Record of one call: forwards progress, collects notes, ends with a `Report`. Thread-safe."""

    def __init__(
        self,
        operation: str,
        progress: ProgressCallback | None = None,
        report: Callable[[Report], object] | None = None,
    ) -> None:
        self.operation = operation
        self._plan: Any = None
        self._progress, self._report = progress, report
        self._lock = threading.RLock()
        self._start = time.perf_counter()
        self._base = self._peak = resident_bytes() if report is not None else 0
        self._done, self._total = 0, 1
        self._fallbacks: list[str] = []
        self._assumptions: list[str] = []
        self._details: dict[str, Any] = {}

    @property
    def plan(self) -> Any:
        """How the result is computed."""
        return self._plan

    @plan.setter
    def plan(self, plan: Any) -> None:
        self._plan = plan
        if plan is not None and _ONLY_PLAN.get():
            raise Planned(plan)

    @property
    def responsive(self) -> bool:
        """Whether a progress callback waits for it, so that no single step may take long."""
        return self._progress is not None

    def begin(self, total: int) -> None:
        """Set the number of steps; none of them is done."""
        with self._lock:
            self._done, self._total = 0, max(int(total), 1)
            self._tell()

    def advance(self, steps: int = 1) -> None:
        """Count steps as done; exceptions of the progress callback (`Cancelled`) pass through."""
        with self._lock:
            if self._report is not None:
                self._peak = max(self._peak, resident_bytes())
            self._done = min(self._done + steps, self._total)
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total)

    def part(self, steps: int) -> Task:
        """A sub-task that advances this task, which must have begun, by `steps` in all."""
        return _PartOfTask(self, steps)

    def fall_back(self, text: str) -> None:
        """Record a fallback, with a warning the first time."""
        with self._lock:
            if text in self._fallbacks:
                return
            self._fallbacks.append(text)
        if not _QUIET.get():
            warnings.warn(text, UserWarning, stacklevel=5)

    def assume(self, text: str) -> None:
        """Record an assumption about the data."""
        with self._lock:
            if text not in self._assumptions:
                self._assumptions.append(text)

    def detail(self, **values: Any) -> None:
        """Record figures of the operation itself."""
        with self._lock:
            self._details.update(values)

    def finish(self) -> None:
        """Pass the `Report` to its callback, if there is one."""
        if self._report is None:
            return
        seconds = time.perf_counter() - self._start
        peak = max(self._peak - self._base, resident_bytes() - self._base, 0)
        notes, details = (tuple(self._fallbacks), tuple(self._assumptions)), ReadOnly(self._details)
        self._report(Report(self.operation, self.plan, seconds, peak, *notes, details))


class _PartOfTask(Task):
    """A sub-task that counts as `steps` steps of another one, which must have begun."""

    def __init__(self, whole: Task, steps: int) -> None:
        super().__init__(whole.operation, self._relay)
        self._whole, self._steps, self._advanced = whole, steps, 0

    @property
    def responsive(self) -> bool:
        return self._whole.responsive

    def fall_back(self, text: str) -> None:
        self._whole.fall_back(text)

    def assume(self, text: str) -> None:
        self._whole.assume(text)

    def _relay(self, done: int, total: int) -> None:
        # a sub-task that starts again with smaller tiles does not move the progress backwards
        steps = max(self._steps * done // total - self._advanced, 0)
        if steps or done == 0:
            self._advanced += steps
            self._whole.advance(steps)


def resident_bytes() -> int:
    """Resident memory of this process, 0 where the system has no /proc."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0


def device_name(backend: str) -> str:
    """Readable name of a backend's device: ``"numpy"`` -> ``"the CPU"``."""
    return {"numpy": "the CPU", "cupy": "the GPU"}.get(backend, backend)


def format_bytes(number: float) -> str:
    """``1536`` -> ``"1.5 KiB"``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024 or unit == "GiB":
            break
        number /= 1024
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def format_seconds(seconds: float) -> str:
    """``0.0042`` -> ``"4.2 ms"``."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.3g} min"


def _figures(details: Mapping[str, Any]) -> Iterator[str]:
    """Readable figures of a report; arrays and other objects are left out."""
    stopped = "stop" in details and "iterations" in details
    for key, value in details.items():
        if key == "stop" and stopped:
            yield _stop(details["iterations"], value)
        elif isinstance(value, str | int | float) and not (key == "iterations" and stopped):
            other = f"{key.replace('_', ' ')} {{:.4g}}" if isinstance(value, float) else f"{key.replace('_', ' ')} {{}}"
            yield _WORDS.get(key, other).format(value)


def _stop(iterations: int, reason: str) -> str:
    """Readable reason for the end of an iteration."""
    if reason == ALL_DONE:
        return f"stopped: all {iterations} iterations done"
    return f"stopped after {iterations} iterations: {'as asked for' if reason == BY_CALLER else reason}"
