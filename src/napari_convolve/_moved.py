"""Names that pages and written scripts once took from inner modules: they work until version 0.2, with a warning."""

from __future__ import annotations

import operator
import sys
import warnings
from types import ModuleType
from typing import Any

#: Inner module -> its old names, each with the public one.
_MOVED = {
    "boundary": {"mode": "boundary_mode"},
    "ops._spectrum": {"Peaks": "Peaks"},
    "ops.deconvolvers": {"deconvolver": "deconvolver"},
    "ops.drawn": {"DrawnFilter": "DrawnFilter", "Region": "Region", "disc": "Region.disc"},
    "ops.noise": {"NoiseEstimate": "NoiseEstimate", "PowerSpectrum": "PowerSpectrum"},
}


def keep_old_names(inner: str) -> None:
    """Let a module give its old names. One that is no more must be announced by its package, which comes before it."""
    package = __name__.partition(".")[0]
    module = sys.modules.setdefault(f"{package}.{inner}", ModuleType(f"{package}.{inner}"))

    def old_name(name: str) -> Any:
        if name not in _MOVED[inner]:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        public = _MOVED[inner][name]
        text = f"{module.__name__}.{name} is {package}.{public} now; the old name goes with version 0.2"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return operator.attrgetter(public)(sys.modules[package])

    vars(module)["__getattr__"] = old_name
