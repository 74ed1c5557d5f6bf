"""Normalised cross-correlation of a whole image with one template: geometry, plan and tiles brought together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from .._arrays import Array, dtype_name
from .._progress import Task
from ..backends import Backend, cpu_count, get_backend
from ..methods import METHODS, Method
from ..planning import Cost, Machine, Plan, Problem, make_plan
from ._patterns import Pattern
from ._scores import Scores, Scoring
from ._tiles import Sweep, sweep
from .window import Window, as_convolution, check_room, methods, window_sweep

#: Seconds per sample for each pass over a block in float64, and how many blocks in float64 are held at once.
_PER_PASS, _HELD = 0.4e-9, 7


def template_scores(
    image: Array,
    pattern: Pattern,
    window: Window,
    valid: Array | None,
    *,
    source: Backend,
    machines: Sequence[Machine],
    method: str | Plan,
    workers: int | None,
    max_memory: int | None,
    task: Task,
) -> Array:
    """Score every place of `image` against one template; see `napari_convolve.match_template`.

    Parameters
    ----------
    image : array
        Of the `source` backend.
    window : Window
        Of a correlation.
    valid : array of bool or None
        Of the image's shape; False samples are left out.
    """
    pattern, window = in_order(pattern, window)
    spec = score_sweep(image.shape, dtype_name(image.dtype), pattern, window, valid is not None, task.responsive)
    problem = spec.problem

    def plan_on(candidates: Sequence[Machine], budget: int | None) -> Plan:
        return make_plan(problem, candidates, scoring_methods(), method=method, workers=workers, max_memory=budget)

    def replan(budget: int | None, backend: str) -> Plan:
        return plan_on([m for m in machines if m.backend == backend] or [machine_of(backend)], budget or max_memory)

    if 0 in problem.out:
        return source.empty(problem.out, spec.dtype)
    check_room(problem.out, spec.dtype, source)
    plan = plan_on(machines, max_memory)
    scoring = Scoring(METHODS.get(plan.method), window.axes, window.nan == "omit", resolution_of(image))
    compute = Scores(scoring, pattern)
    return sweep(image, valid, spec, plan, compute, replan, source, workers, task)


def in_order(pattern: Pattern, window: Window) -> tuple[Pattern, Window]:
    """Template and options with the axes in rising order, as everything below expects them."""
    order = tuple(int(a) for a in np.argsort(window.axes))
    axes, origin = (tuple(values[a] for a in order) for values in (window.axes, window.origin))
    return pattern.transposed(order), replace(window, axes=axes, origin=origin)


def score_sweep(
    shape: tuple[int, ...], dtype: str, pattern: Pattern, window: Window, masked: bool, responsive: bool
) -> Sweep:
    """Geometry and problem of scoring an image with `pattern`."""
    applied, reach = as_convolution(pattern.kernel(), window)
    spec = window_sweep(shape, dtype, applied, window, reach, masked, responsive)
    # only the plain numerator may be separable: counts and sums over what is there are not
    plain = pattern.is_box and not spec.problem.masked
    terms = len(pattern.factors) if plain else 0
    problem = replace(spec.problem, operation="match_template", taps=pattern.count, terms=terms)
    return replace(spec, problem=problem)


def machine_of(backend: str) -> Machine:
    """A backend that was not asked for, to fall back on."""
    device = get_backend(backend)
    return Machine(backend, cpu_count() if device.threaded else 1, device.free_bytes(), device.rates)


def resolution_of(image: Array) -> float:
    """Relative distance of neighbouring numbers in the image's dtype, 0 for integers."""
    name = dtype_name(image.dtype)
    return float(np.finfo(name).eps) if name.startswith("float") else 0.0


def scoring_methods(number: int = 1, boxes: bool = True) -> list[Method]:
    """The registered methods, with the price of everything that a score needs.

    Parameters
    ----------
    number
        How many patterns are scored.
    boxes
        Whether all samples of their windows count; otherwise the moments are sums over windows as well.
    """
    return [replace(method, cost=_scoring_cost(method, number, boxes)) for method in methods()]


def _scoring_cost(method: Method, number: int, boxes: bool) -> Callable[[Problem, tuple[int, ...], Machine], Cost]:
    # several patterns share the transform of the block
    transforms = (1 + number) / 2 if number > 1 and not method.keeps_ratio else number
    # sums over a support are float64, twice the work
    sums = transforms * (1 if boxes else 1 + 2 * 2)

    def cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
        base = method.cost(problem, tile, machine)
        samples = math.prod(problem.block(tile))
        passes = 12 + 6 * number + sum(3 * max(k - 1, 1).bit_length() for k in problem.kernel)
        rate = machine.rates.get("passes", _PER_PASS)
        cores = machine.cores if base.shared else 1
        seconds = sums * base.seconds + cores * passes * samples * rate
        return Cost(seconds, base.bytes + 8 * _HELD * samples, base.shared)

    return cost
