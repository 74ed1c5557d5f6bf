"""Choice of method, backend and tiles from the problem and the machine alone, before any computation.

The planner ranks the methods that it receives; nothing here computes a convolution or knows a method by name.
"""

from __future__ import annotations

from ._planner import RESPONSIVE_SECONDS, MethodLike, make_plan
from ._specs import ArraySpec, Cost, Machine, Plan, Problem
from ._tiles import count_tiles, cut, parts, shrink

__all__ = [
    "RESPONSIVE_SECONDS",
    "ArraySpec",
    "Cost",
    "Machine",
    "MethodLike",
    "Plan",
    "Problem",
    "count_tiles",
    "cut",
    "make_plan",
    "parts",
    "shrink",
]
