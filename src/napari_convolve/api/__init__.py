"""The public functions: each validates its arguments and hands over to an operation.

They are imported on first use, so that a convolution does not wait for the import of a deconvolution.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

#: Public function -> module of this package that holds it.
_WHERE = {
    "bandpass": "_spectral_filters",
    "check_psf": "_psf_checks",
    "convolution_theorem": "_inspection",
    "convolve": "_convolution",
    "correlate": "_convolution",
    "covering_rotations": "_detection_arguments",
    "cross_correlation": "_readings",
    "deconvolution_quality": "_deconvolution_quality",
    "density_of_sum": "_readings",
    "detect_features": "_detection",
    "diffuse": "_diffusion",
    "estimate_kernel": "_kernel_identification",
    "estimate_noise": "_noise_estimate",
    "feature_maps": "_feature_maps",
    "filter_spectrum": "_spectral_filters",
    "find_periodic_noise": "_periodic_noise",
    "find_words": "_readings",
    "fix_psf": "_psf_checks",
    "fourier_ring_correlation": "_ring_correlation",
    "frequency_response": "_frequency_response",
    "inspect": "_inspection",
    "kernel_from_response": "_frequency_response",
    "landweber": "_registered_deconvolution",
    "match_template": "_template_matching",
    "matched_filter": "_matched_filter",
    "notch": "_periodic_noise",
    "plan": "_planning",
    "psf_from_beads": "_psf_from_beads",
    "richardson_lucy": "_richardson_lucy",
    "spectrum": "_spectrum",
    "tune": "_planning",
    "wiener": "_wiener",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        methods = sys.modules.get(
            "napari_convolve.ops.deconvolution.method_registry"
        )  # nobody can have added one without it
        if methods is not None and name in methods.DECONVOLVERS:
            return getattr(importlib.import_module("._registered_deconvolution", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


if TYPE_CHECKING:
    from ._convolution import convolve as convolve
    from ._convolution import correlate as correlate
    from ._deconvolution_quality import deconvolution_quality as deconvolution_quality
    from ._detection import detect_features as detect_features
    from ._detection_arguments import covering_rotations as covering_rotations
    from ._diffusion import diffuse as diffuse
    from ._feature_maps import feature_maps as feature_maps
    from ._frequency_response import frequency_response as frequency_response
    from ._frequency_response import kernel_from_response as kernel_from_response
    from ._inspection import convolution_theorem as convolution_theorem
    from ._inspection import inspect as inspect
    from ._kernel_identification import estimate_kernel as estimate_kernel
    from ._matched_filter import matched_filter as matched_filter
    from ._noise_estimate import estimate_noise as estimate_noise
    from ._periodic_noise import find_periodic_noise as find_periodic_noise
    from ._periodic_noise import notch as notch
    from ._planning import plan as plan
    from ._planning import tune as tune
    from ._psf_checks import check_psf as check_psf
    from ._psf_checks import fix_psf as fix_psf
    from ._psf_from_beads import psf_from_beads as psf_from_beads
    from ._readings import cross_correlation as cross_correlation
    from ._readings import density_of_sum as density_of_sum
    from ._readings import find_words as find_words
    from ._registered_deconvolution import landweber as landweber
    from ._richardson_lucy import richardson_lucy as richardson_lucy
    from ._ring_correlation import fourier_ring_correlation as fourier_ring_correlation
    from ._spectral_filters import bandpass as bandpass
    from ._spectral_filters import filter_spectrum as filter_spectrum
    from ._spectrum import spectrum as spectrum
    from ._template_matching import match_template as match_template
    from ._wiener import wiener as wiener
