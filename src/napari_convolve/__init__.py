"""napari-convolve: everything that is a convolution, for microscopy stacks, with or without napari.

Public names are resolved on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Public name -> module that holds it.
_WHERE = {
    "ArraySpec": "planning",
    "BackendUnavailable": "backends",
    "BeadPsf": "ops.psf.bead_average",
    "Cancelled": "_progress",
    "CrossCorrelation": "ops.inspection.readings",
    "DeconvolutionQuality": "ops.deconvolution.residual_quality",
    "Detections": "ops.matching.detections",
    "FrequencyResponse": "ops.fourier.kernel_response",
    "Kernel": "kernels",
    "KernelEstimate": "ops.filtering.kernel_identification",
    "NoiseEstimate": "ops.noise.noise_model",
    "Patch": "ops.inspection.patch",
    "Plan": "planning",
    "PsfCheck": "ops.psf.check_context",
    "Recipe": "recipes",
    "RecipeCheck": "recipes",
    "Report": "_progress",
    "RingCorrelation": "ops.fourier.ring_correlation",
    "Spectrum": "ops.fourier.spectrum_data",
    "SystemCheck": "ops.inspection.readings",
    "TextMatches": "ops.inspection.readings",
    "Theorem": "ops.inspection.theorem",
    "available_backends": "backends",
    "bandpass": "api",
    "check_lti": "recipes",
    "check_psf": "api",
    "clear_cache": "backends",
    "convolution_theorem": "api",
    "convolve": "api",
    "correlate": "api",
    "covering_rotations": "api",
    "cross_correlation": "api",
    "deconvolution_quality": "api",
    "density_of_sum": "api",
    "detect_features": "api",
    "diffuse": "api",
    "estimate_kernel": "api",
    "estimate_noise": "api",
    "feature_maps": "api",
    "filter_spectrum": "api",
    "find_periodic_noise": "api",
    "find_words": "api",
    "fix_psf": "api",
    "fourier_ring_correlation": "api",
    "frequency_response": "api",
    "inspect": "api",
    "kernel_from_response": "api",
    "landweber": "api",
    "match_template": "api",
    "matched_filter": "api",
    "notch": "api",
    "plan": "api",
    "psf_from_beads": "api",
    "richardson_lucy": "api",
    "spectrum": "api",
    "tune": "api",
    "wiener": "api",
}
_MODULES = ("kernels",)

__all__ = [
    "ArraySpec",
    "BackendUnavailable",
    "BeadPsf",
    "Cancelled",
    "CrossCorrelation",
    "DeconvolutionQuality",
    "Detections",
    "FrequencyResponse",
    "Kernel",
    "KernelEstimate",
    "NoiseEstimate",
    "Patch",
    "Plan",
    "PsfCheck",
    "Recipe",
    "RecipeCheck",
    "Report",
    "RingCorrelation",
    "Spectrum",
    "SystemCheck",
    "TextMatches",
    "Theorem",
    "available_backends",
    "bandpass",
    "check_lti",
    "check_psf",
    "clear_cache",
    "convolution_theorem",
    "convolve",
    "correlate",
    "covering_rotations",
    "cross_correlation",
    "deconvolution_quality",
    "density_of_sum",
    "detect_features",
    "diffuse",
    "estimate_kernel",
    "estimate_noise",
    "feature_maps",
    "filter_spectrum",
    "find_periodic_noise",
    "find_words",
    "fix_psf",
    "fourier_ring_correlation",
    "frequency_response",
    "inspect",
    "kernel_from_response",
    "kernels",
    "landweber",
    "match_template",
    "matched_filter",
    "notch",
    "plan",
    "psf_from_beads",
    "richardson_lucy",
    "spectrum",
    "tune",
    "wiener",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        value = getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    elif name in _MODULES:
        value = importlib.import_module(f".{name}", __name__)
    elif not name.startswith("_") and f"{__name__}.ops.deconvolution.method_registry" in sys.modules:
        return getattr(importlib.import_module(".api", __name__), name)  # a method of deconvolution that was added
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if TYPE_CHECKING:
    from . import kernels
    from ._progress import Cancelled, Report
    from .api import (
        bandpass,
        check_psf,
        convolution_theorem,
        convolve,
        correlate,
        covering_rotations,
        cross_correlation,
        deconvolution_quality,
        density_of_sum,
        detect_features,
        diffuse,
        estimate_kernel,
        estimate_noise,
        feature_maps,
        filter_spectrum,
        find_periodic_noise,
        find_words,
        fix_psf,
        fourier_ring_correlation,
        frequency_response,
        inspect,
        kernel_from_response,
        landweber,
        match_template,
        matched_filter,
        notch,
        plan,
        psf_from_beads,
        richardson_lucy,
        spectrum,
        tune,
        wiener,
    )
    from .backends import BackendUnavailable, available_backends, clear_cache
    from .kernels import Kernel
    from .ops.deconvolution.residual_quality import DeconvolutionQuality
    from .ops.filtering.kernel_identification import KernelEstimate
    from .ops.fourier.kernel_response import FrequencyResponse
    from .ops.fourier.ring_correlation import RingCorrelation
    from .ops.fourier.spectrum_data import Spectrum
    from .ops.inspection.patch import Patch
    from .ops.inspection.readings import CrossCorrelation, SystemCheck, TextMatches
    from .ops.inspection.theorem import Theorem
    from .ops.matching.detections import Detections
    from .ops.noise.noise_model import NoiseEstimate
    from .ops.psf.bead_average import BeadPsf
    from .ops.psf.check_context import PsfCheck
    from .planning import ArraySpec, Plan
    from .recipes import Recipe, RecipeCheck, check_lti
