"""Methods for a sum over a window: direct, separable, multirate, FFT, overlap-save.

To add one, write a module that registers it with `method`, and import it here.
"""

from __future__ import annotations

from . import direct as _direct
from . import fft as _fft
from . import multirate as _multirate
from . import overlap_save as _overlap_save
from . import separable as _separable
from ._base import METHODS, Factors, Method, PreparedKernel, SampleSource, method, valid_key
from ._coarse import coarse_steps

__all__ = ["METHODS", "Factors", "Method", "PreparedKernel", "SampleSource", "coarse_steps", "method", "valid_key"]

_ = (_direct, _fft, _multirate, _overlap_save, _separable)
