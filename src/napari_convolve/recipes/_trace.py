"""Steps one after the other, and what was done in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._progress import ProgressCallback, Report
from ._step import Step, step

_TICKS = 1000


def trace(
    steps: Sequence[Step],
    image: Any,
    *,
    workers: int | None,
    max_memory: int | str | None,
    progress: ProgressCallback | None,
    report: Callable[[Report], object] | None,
) -> tuple[Any, tuple[Step, ...]]:
    """What the last step makes, and the steps with the plans, images and versions of this time."""
    made = []
    for number, one in enumerate(steps):
        share = None if progress is None else _share(progress, number, len(steps))
        reports: list[Report] = []
        given = image
        try:
            image = one.run(given, workers=workers, max_memory=max_memory, progress=share, report=reports.append)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"step {number + 1} ({one.operation}): {error}") from error
        plan = reports[-1] if reports else None
        made.append(step(one.operation, plan, image=given, labels=one.labels, **one.arguments))
        if report is not None:
            for each in reports:
                report(each)
    return image, tuple(made)


def _share(progress: ProgressCallback, number: int, count: int) -> ProgressCallback:
    """The progress of one step as a part of the whole."""
    return lambda done, total: progress(number * _TICKS + _TICKS * done // max(total, 1), count * _TICKS)
