"""Old import paths of public names: they work until version 0.2, with a DeprecationWarning."""

from __future__ import annotations

import operator
import sys
import warnings
from types import ModuleType
from typing import Any

#: Inner module -> {old name: public name}.
_MOVED = {
    "boundary": {"mode": "boundary_mode"},
    "ops._spectrum": {"Peaks": "Peaks"},
    "ops.deconvolvers": {"deconvolver": "deconvolver"},
    "ops.drawn": {"DrawnFilter": "DrawnFilter", "Region": "Region", "disc": "Region.disc"},
    "ops.noise": {"NoiseEstimate": "NoiseEstimate", "PowerSpectrum": "PowerSpectrum"},
}


def keep_old_names(inner: str) -> None:
    """Make the old names of a module importable; the package of a removed module calls this for it."""
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
