"""Which method, which backend, which tiles: decided from the problem and the machine alone, before any work.

Nothing here computes a convolution or knows a method by name: the planner ranks the methods it is given.
"""

from __future__ import annotations

from ._planner import RESPONSIVE_SECONDS, MethodLike, count_tiles, make_plan, shrink
from ._specs import ArraySpec, Cost, Machine, Plan, Problem

__all__ = [
    "RESPONSIVE_SECONDS",
    "ArraySpec",
    "Cost",
    "Machine",
    "MethodLike",
    "Plan",
    "Problem",
    "count_tiles",
    "make_plan",
    "shrink",
]
