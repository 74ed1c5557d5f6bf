"""How a sum over a window is computed: one module per method, all with one signature.

A method is added by one module that registers it with `method`, and one import here.
"""

from __future__ import annotations

from . import direct as _direct
from . import fft as _fft
from . import multirate as _multirate
from . import overlap_save as _overlap_save
from . import separable as _separable
from ._base import METHODS, Factors, Method, Reach, Weights, method, valid_key
from ._coarse import coarse_steps

__all__ = ["METHODS", "Factors", "Method", "Reach", "Weights", "coarse_steps", "method", "valid_key"]

_ = (_direct, _fft, _multirate, _overlap_save, _separable)
