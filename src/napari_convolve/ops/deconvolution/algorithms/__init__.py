"""Deconvolution methods of one function each. Every module of this folder is imported, and registers its own."""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
