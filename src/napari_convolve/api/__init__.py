"""The public functions: each validates its arguments and hands over to an operation.

They are resolved on first use: a convolution does not wait for the import of a deconvolution.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

#: Public function -> module of this package that holds it.
_WHERE = {
    "bandpass": "_spectral_filters",
    "check_psf": "_psf_doctor",
    "convolution_theorem": "_seeing",
    "convolve": "_windows",
    "correlate": "_windows",
    "covering_rotations": "_rotations",
    "cross_correlation": "_readings",
    "deconvolution_quality": "_quality",
    "density_of_sum": "_readings",
    "detect_features": "_features",
    "diffuse": "_diffusion",
    "estimate_kernel": "_identification",
    "estimate_noise": "_noise",
    "feature_maps": "_layer",
    "filter_spectrum": "_spectral_filters",
    "find_periodic_noise": "_stripes",
    "find_words": "_readings",
    "fix_psf": "_psf_doctor",
    "fourier_ring_correlation": "_ring",
    "frequency_response": "_response",
    "inspect": "_seeing",
    "kernel_from_response": "_response",
    "landweber": "_deconvolvers",
    "match_template": "_matching",
    "matched_filter": "_snr",
    "notch": "_stripes",
    "plan": "_machine",
    "psf_from_beads": "_beads",
    "richardson_lucy": "_lucy",
    "spectrum": "_frequency",
    "tune": "_machine",
    "wiener": "_deconvolution",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        methods = sys.modules.get("napari_convolve.ops.deconvolvers")  # nobody can have added one without it
        if methods is not None and name in methods.DECONVOLVERS:
            return getattr(importlib.import_module("._deconvolvers", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


if TYPE_CHECKING:
    from ._beads import psf_from_beads as psf_from_beads
    from ._deconvolution import wiener as wiener
    from ._deconvolvers import landweber as landweber
    from ._diffusion import diffuse as diffuse
    from ._features import detect_features as detect_features
    from ._frequency import spectrum as spectrum
    from ._identification import estimate_kernel as estimate_kernel
    from ._layer import feature_maps as feature_maps
    from ._lucy import richardson_lucy as richardson_lucy
    from ._machine import plan as plan
    from ._machine import tune as tune
    from ._matching import match_template as match_template
    from ._noise import estimate_noise as estimate_noise
    from ._psf_doctor import check_psf as check_psf
    from ._psf_doctor import fix_psf as fix_psf
    from ._quality import deconvolution_quality as deconvolution_quality
    from ._readings import cross_correlation as cross_correlation
    from ._readings import density_of_sum as density_of_sum
    from ._readings import find_words as find_words
    from ._response import frequency_response as frequency_response
    from ._response import kernel_from_response as kernel_from_response
    from ._ring import fourier_ring_correlation as fourier_ring_correlation
    from ._rotations import covering_rotations as covering_rotations
    from ._seeing import convolution_theorem as convolution_theorem
    from ._seeing import inspect as inspect
    from ._snr import matched_filter as matched_filter
    from ._spectral_filters import bandpass as bandpass
    from ._spectral_filters import filter_spectrum as filter_spectrum
    from ._stripes import find_periodic_noise as find_periodic_noise
    from ._stripes import notch as notch
    from ._windows import convolve as convolve
    from ._windows import correlate as correlate
