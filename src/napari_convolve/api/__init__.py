"""The public functions: each validates its arguments and hands over to an operation."""

from __future__ import annotations

from ._deconvolution import wiener
from ._machine import tune
from ._matching import match_template
from ._windows import convolve, correlate, plan

__all__ = ["convolve", "correlate", "match_template", "plan", "tune", "wiener"]
