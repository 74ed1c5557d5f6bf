"""The public functions: each validates its arguments and hands over to an operation."""

from __future__ import annotations

from ._deconvolution import wiener
from ._features import detect_features
from ._machine import plan, tune
from ._matching import match_template
from ._windows import convolve, correlate

__all__ = ["convolve", "correlate", "detect_features", "match_template", "plan", "tune", "wiener"]
