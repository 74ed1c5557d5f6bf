"""Masks of `numpy.ma` arrays are honoured where an argument can have missing samples, and refused everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

IMAGE = np.random.default_rng(0).random((24, 25)) + 0.5
HOLES = np.ma.array(IMAGE, mask=IMAGE > 1.4)
BOX = np.ones((3, 3))
#: a kernel with one wild weight that is masked
WILD = np.ma.array([[1, 1, 1], [1, 3e6, 1], [1, 1, 1.0]], mask=np.arange(9).reshape(3, 3) == 4)
LINE = np.ma.array([1.0, 2.0, 3e6], mask=[False, False, True])

REFUSED: dict[str, tuple[str, Callable[[], Any]]] = {
    "convolve": ("kernel", lambda: nc.convolve(IMAGE, WILD)),
    "inspect": ("kernel", lambda: nc.inspect(IMAGE, WILD, (3, 3))),
    "convolution_theorem": ("image", lambda: nc.convolution_theorem(HOLES, BOX)),
    "convolution_theorem, kernel": ("kernel", lambda: nc.convolution_theorem(IMAGE, WILD)),
    "wiener": ("psf", lambda: nc.wiener(IMAGE, WILD, nsr=0.1)),
    "wiener, nsr": ("nsr", lambda: nc.wiener(IMAGE, BOX, nsr=np.ma.array(IMAGE, mask=HOLES.mask))),
    "richardson_lucy": ("psf", lambda: nc.richardson_lucy(IMAGE, WILD)),
    "richardson_lucy, start": ("start", lambda: nc.richardson_lucy(IMAGE, BOX, start=HOLES)),
    "landweber": ("psf", lambda: nc.landweber(IMAGE, WILD)),
    "check_psf": ("psf", lambda: nc.check_psf(WILD)),
    "fix_psf": ("psf", lambda: nc.fix_psf(WILD)),
    "frequency_response": ("kernel", lambda: nc.frequency_response(WILD)),
    "kernel_from_response": ("response", lambda: nc.kernel_from_response(WILD, 3)),
    "filter_spectrum": ("response", lambda: nc.filter_spectrum(IMAGE, HOLES)),
    "matched_filter, noise": ("noise", lambda: nc.matched_filter(IMAGE, IMAGE[:5, :5], noise=HOLES)),
    "mask": ("mask", lambda: nc.convolve(IMAGE, BOX, mask=HOLES > 1)),
    "region": ("region", lambda: nc.detect_features(IMAGE, IMAGE[:5, :5], region=HOLES > 1)),
    "feature_maps": ("weights", lambda: nc.feature_maps(IMAGE, WILD[None, None])),
    "cross_correlation": ("first", lambda: nc.cross_correlation(LINE, [1.0, 2.0])),
    "density_of_sum": ("densities", lambda: nc.density_of_sum([0.5, 0.5], LINE)),
    "psf_from_beads": ("image", lambda: nc.psf_from_beads(HOLES)),
    "deconvolution_quality": ("found", lambda: nc.deconvolution_quality(IMAGE, HOLES, BOX, noise=1)),
    "notch": ("peaks", lambda: nc.notch(IMAGE, np.ma.array([[0.1, 0.2]], mask=[[True, False]]))),
}


@pytest.mark.parametrize(("argument", "call"), REFUSED.values(), ids=REFUSED)
def test_a_mask_that_would_be_lost_is_refused(argument: str, call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=rf"^{argument} has \d+ masked values"):
        call()


HONOURED: dict[str, Callable[..., Any]] = {
    "convolve": lambda image, **mask: nc.convolve(image, BOX, **mask),
    "wiener": lambda image, **mask: nc.wiener(image, BOX, nsr=0.1, **mask),
    "richardson_lucy": lambda image, **mask: nc.richardson_lucy(image, BOX, iterations=2, **mask),
    "landweber": lambda image, **mask: nc.landweber(image, BOX, iterations=2, **mask),
    "match_template": lambda image, **mask: nc.match_template(image, IMAGE[:5, :5], **mask),
    "matched_filter": lambda image, **mask: nc.matched_filter(image, IMAGE[:5, :5], **mask),
    "bandpass": lambda image, **mask: nc.bandpass(image, 0.1, 0.3, **mask),
    "spectrum": lambda image, **mask: nc.spectrum(image, **mask).values,
    "feature_maps": lambda image, **mask: nc.feature_maps(image, [nc.Kernel(BOX)], **mask),
    "diffuse": lambda image, **mask: nc.diffuse(image, D=1.0, t=1.0, **mask),
}


@pytest.mark.parametrize("call", HONOURED.values(), ids=HONOURED)
def test_the_mask_of_an_image_counts_as_the_option_does(call: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(call(HOLES), call(IMAGE, mask=~HOLES.mask))


def test_a_masked_array_without_masked_values_is_an_array() -> None:
    whole = np.ma.array(BOX, mask=False)
    np.testing.assert_array_equal(nc.convolve(IMAGE, whole), nc.convolve(IMAGE, BOX))
