"""What calls return travels: pickled, to other processes, and copied."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

KERNEL = nc.kernels.gaussian(sigma=1)
IMAGE = np.random.default_rng(0).poisson(50, (32, 32)).astype("uint16")


def reported(operation: str, **options: Any) -> nc.Report:
    reports: list[nc.Report] = []
    getattr(nc, operation)(IMAGE, KERNEL, report=reports.append, **options)
    return reports[0]


THINGS: dict[str, Any] = {
    "Kernel": lambda: KERNEL,
    "Recipe": lambda: nc.Recipe.of("convolve", kernel=KERNEL),
    "Report of convolve": lambda: reported("convolve"),
    "Report of wiener": lambda: reported("wiener"),
    "Report of detect_features": lambda: reported("detect_features", false_alarms=1),
    "Plan": lambda: nc.plan(IMAGE, KERNEL),
    "Detections": lambda: nc.detect_features(IMAGE, KERNEL, threshold=0.9),
    "NoiseEstimate": lambda: nc.estimate_noise(IMAGE, KERNEL),
    "PsfCheck": lambda: nc.check_psf(KERNEL),
    "Spectrum": lambda: nc.spectrum(IMAGE),
    "Patch": lambda: nc.inspect(IMAGE, KERNEL, (3, 3)),
    "Theorem": lambda: nc.convolution_theorem(IMAGE.astype(float), KERNEL),
    "FrequencyResponse": lambda: nc.frequency_response(KERNEL),
    "KernelEstimate": lambda: nc.estimate_kernel(IMAGE, nc.convolve(IMAGE, KERNEL), 3),
    "RingCorrelation": lambda: nc.fourier_ring_correlation(IMAGE),
    "DeconvolutionQuality": lambda: nc.deconvolution_quality(IMAGE, IMAGE, KERNEL, noise=1),
    "CrossCorrelation": lambda: nc.cross_correlation([1.0, 2.0, 3.0], [1.0, 2.0]),
    "TextMatches": lambda: nc.find_words("the thing", ["the"]),
    "Peaks": lambda: nc.find_periodic_noise(IMAGE),
}


@pytest.mark.parametrize("make", THINGS.values(), ids=THINGS)
def test_it_can_be_pickled_and_copied(make: Any) -> None:
    thing = make()
    for found in (pickle.loads(pickle.dumps(thing)), copy.deepcopy(thing), copy.copy(thing)):
        assert type(found) is type(thing) and str(found) == str(thing)


def test_a_recipe_from_a_pickle_makes_the_same_bits() -> None:
    recipe = nc.Recipe.of("convolve", kernel=KERNEL, plan=nc.plan(IMAGE, KERNEL))
    again = pickle.loads(pickle.dumps(recipe))
    assert again.run(IMAGE).tobytes() == recipe.run(IMAGE).tobytes() and again.to_json() == recipe.to_json()
    with pytest.raises(TypeError):
        again.steps[0].arguments["kernel"] = None
