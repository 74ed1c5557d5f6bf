"""Plan of a run in one line: method, tiles, time and memory; made in the background."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from qtpy.QtWidgets import QWidget

import napari_convolve as nc

from ..._progress import device_name, format_bytes, format_seconds
from ...api._planning import plannable
from ...backends import get_backend
from ...planning import ArraySpec, Plan
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from ..jobs.timing import FIELD_REST
from ..layers.request import Request


class PlanLine:
    """Shows the plan of a run with the present settings."""

    def __init__(self, owner: QWidget, request: Callable[[], Request], say: Callable[[str], object]) -> None:
        self._request, self._say = request, say
        self._latest = Latest(owner, self._make, self._show, title="plan", frame=0)
        self.plan: Plan | None = None

    @property
    def busy(self) -> bool:
        """Whether the plan for the present settings is still being made."""
        return self._latest.busy

    def ask(self) -> None:
        """Plan again after a pause: a setting has changed."""
        self._latest.ask(FIELD_REST)

    def stop(self) -> None:
        """Stop planning."""
        self._latest.stop()

    def _make(self) -> Call | None:
        request = self._request()
        return partial(_line, request) if request.operation in plannable() else None

    def _show(self, outcome: Outcome) -> None:
        self._say("" if outcome.error else outcome.value)


def _line(request: Request, progress: object) -> str:
    plan, needed = planned(request.made())
    return " ".join([plan_text(plan), *warnings_of(plan, needed)])


def planned(request: Request) -> tuple[Plan, int]:
    """The plan of a request, and the bytes of memory that image and result need in addition."""
    source, given = request.source, request.keywords()
    shape = source.data.shape[:-1] if source.rgb else source.data.shape
    spec = ArraySpec((*shape, 3) if source.rgb else shape, source.data.dtype.name)
    plan = nc.plan(spec, *request.arguments, operation=request.operation, axes=request.view.axes, **given)
    return plan, math.prod(spec.shape) * 4 + (source.nbytes if source.lazy else 0)


def plan_text(plan: Plan) -> str:
    """A plan as one sentence.

    Examples
    --------
    >>> plan_text(Plan("overlap-save", "numpy", (1, 296, 296), 0.43, 3 << 20))
    'Run: overlap-save on the CPU, tiles 1 × 296 × 296, about 430 ms and 3.0 MiB of working memory.'
    """
    tiles = " × ".join(map(str, plan.tiles))
    memory = f"{format_bytes(plan.bytes)} of working memory"
    how = f"{plan.method} on {device_name(plan.backend)}, tiles {tiles}"
    return f"Run: {how}, about {format_seconds(plan.seconds)} and {memory}."


def warnings_of(plan: Plan, needed: int) -> list[str]:
    """A warning if a run does not fit into memory."""
    free = get_backend("numpy").free_bytes()
    total = needed + (plan.bytes if plan.backend == "numpy" else 0)
    if total <= free:
        return []
    return [f"⚠ It will not fit: {format_bytes(total)} are needed, {format_bytes(free)} are free; crop the image."]
