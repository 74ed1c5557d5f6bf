"""Operations as data: the one description that forms, command line and documentation read, and recipes of calls."""

from __future__ import annotations

from ._operations import OPERATIONS, Operation, Parameter, documented_parameters, parameters
from ._recipe import Recipe
from ._step import Step, step

__all__ = ["OPERATIONS", "Operation", "Parameter", "Recipe", "Step", "documented_parameters", "parameters", "step"]
