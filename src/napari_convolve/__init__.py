"""napari-convolve: everything that is a convolution, for microscopy stacks, with or without napari.

The public names are listed once, in ``__init__.pyi``, and imported on first use (Scientific Python's SPEC 1), so that
importing the package costs nothing.
"""

from __future__ import annotations

from typing import Any

import lazy_loader

__version__ = "0.1.0"

_import, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    if name in __all__:
        value = globals()[name] = _import(name)
        return value
    if not name.startswith("_"):  # a deconvolution method that is registered, but not listed
        from .api._registered_deconvolution import DECONVOLVERS, publish

        if name in DECONVOLVERS:
            return publish(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
