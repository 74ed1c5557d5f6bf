"""Operations described as data, for panels and command line; recipes, which record calls; parts of results."""

from __future__ import annotations

from ._axes import names_of
from ._field import EXACT, Bounds, Part, frozen_options, on_field
from ._operations import OPERATIONS, Operation, Parameter, documented_parameters, parameters
from ._recipe import Recipe
from ._step import Step, share_of, step
from ._system import RecipeCheck, check_lti

__all__ = [
    "EXACT",
    "OPERATIONS",
    "Bounds",
    "Operation",
    "Parameter",
    "Part",
    "Recipe",
    "RecipeCheck",
    "Step",
    "check_lti",
    "documented_parameters",
    "frozen_options",
    "names_of",
    "on_field",
    "parameters",
    "share_of",
    "step",
]
