"""Kernels: parameters in, `Kernel` out.

Every function of the catalogue is an attribute, such as ``kernels.gaussian(sigma=2)``; :func:`names` lists them and
:func:`make` calls one by name. Decorating a function with :func:`kernel` adds it. :func:`bank` makes several kernels
for `feature_maps`.
"""

from __future__ import annotations

from typing import Any

# Importing a module fills the catalogue; the order, families together, is that of all lists.
# isort: off
from . import smoothing, spreading, shapes, polynomial  # noqa: F401
from . import derivative, scale_space  # noqa: F401
from . import sharpening, matched, basic  # noqa: F401
from . import psf, diffraction, scanning  # noqa: F401

# isort: on
from ._design import KERNELS, Design, kernel, make, names
from ._kernel import Kernel, as_kernel
from .banks import BANKS, bank, read_weights

__all__ = ["BANKS", "KERNELS", "Design", "Kernel", "as_kernel", "bank", "kernel", "make", "names", "read_weights"]


def __getattr__(name: str) -> Any:
    if name in KERNELS:
        return KERNELS.get(name).function
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; the kernels are {', '.join(names())}")


def __dir__() -> list[str]:
    return [*__all__, *names()]
