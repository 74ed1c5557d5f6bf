"""The rows of the tables, one module for each kind of work."""

from __future__ import annotations

import importlib

# in the order of the tables
for _name in ("plane", "gaussian", "volume", "matching", "deconvolution", "large"):
    importlib.import_module(f".{_name}", __name__)
