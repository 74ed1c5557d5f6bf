"""The ways of reading a convolution, against other programs and closed forms."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import signal, stats

import napari_convolve as nc

RNG = np.random.default_rng(30)


def test_cross_correlation_is_scipys() -> None:
    first, second = RNG.normal(size=23) + 1e6, RNG.normal(size=40)
    found = nc.cross_correlation(first, second, normalize=False)
    np.testing.assert_allclose(found.values, signal.correlate(second, first), rtol=1e-12, atol=1e-6)
    np.testing.assert_array_equal(found.lags, signal.correlation_lags(40, 23))
    brute = nc.cross_correlation(first, second, spacing=0.5)
    for lag, value, overlap in zip(brute.lags / 0.5, brute.values, brute.overlap, strict=True):
        k = int(lag)
        pairs = [(first[i], second[i + k]) for i in range(23) if 0 <= i + k < 40]
        assert len(pairs) == overlap
        if overlap > 2:
            assert value == pytest.approx(np.corrcoef(np.transpose(pairs))[0, 1], abs=1e-8)


def test_the_best_lag_is_the_delay() -> None:
    wave = signal.chirp(np.arange(400) / 100, 1, 4, 6)
    found = nc.cross_correlation(wave[50:350], wave[20:320] + 5, spacing=0.01)
    assert found.best() == pytest.approx(0.3)
    assert found.values.max() == pytest.approx(1)
    flat = nc.cross_correlation(np.full(9, 3.0), wave[:9])
    assert not flat.values.any()


def test_dice() -> None:
    die = np.full(6, 1 / 6)
    counts = np.zeros(16)
    for throw in itertools.product(range(6), repeat=3):
        counts[sum(throw)] += 1
    np.testing.assert_allclose(nc.density_of_sum(die, die, die), counts / 216, atol=1e-15)


def test_gaussians_and_a_uniform_variable() -> None:
    x = np.arange(-400, 401) * 0.02
    total = nc.density_of_sum(stats.norm.pdf(x, 0.5, 0.6), stats.norm.pdf(x, -1, 0.8), spacing=0.02)
    y = np.arange(len(total)) * 0.02 + 2 * x[0]
    np.testing.assert_allclose(total, stats.norm.pdf(y, -0.5, 1.0), atol=1e-9)
    square = nc.density_of_sum(np.full((4, 5), 1 / 20), np.full((2, 2), 1 / 4))
    assert square.shape == (5, 6) and square.sum() == pytest.approx(1)


def test_words() -> None:
    text = "To be, or not to be: that is the question. ToBeto"
    words = ["to be", "to", "question", "xyz", "be"]
    found = nc.find_words(text, words)
    for word in words:
        expected = tuple(i for i in range(len(text)) if text.lower().startswith(word, i))
        assert found.places[word] == expected
    assert found.maps.shape == (5, len(text)) and found.maps[2].max() == 8
    assert nc.find_words(text, ["To"], ignore_case=False).places["To"] == (0, 43)
    assert nc.find_words("", ["a"]).places["a"] == ()
    assert nc.find_words("Straße İ ΑΒΓ αβγ", ["αβγ", "straße"]).places == {"αβγ": (9, 13), "straße": (0,)}


def recipe(*steps: tuple[str, dict[str, Any]]) -> nc.Recipe:
    parts = [nc.Recipe.of(name, **arguments) for name, arguments in steps]
    return sum(parts[1:], parts[0])


BLUR = ("convolve", {"kernel": nc.kernels.gaussian(sigma=1.2)})
EDGE = ("correlate", {"kernel": nc.kernels.sobel(axis=0)})


def test_a_linear_recipe_is_the_convolution_with_its_impulse_response() -> None:
    found = nc.check_lti(recipe(BLUR, EDGE), (45, 48))
    assert found.is_lti and found.breaking is None and str(found) == "linear, shift-invariant"
    kernel = found.impulse_response
    assert kernel is not None
    expected = nc.kernels.gaussian(sigma=1.2) @ nc.kernels.sobel(axis=0).flipped()
    assert kernel.shape == expected.shape and kernel.center == expected.center
    np.testing.assert_allclose(kernel.values, expected.values, atol=1e-12)
    image = RNG.normal(size=(40, 50))
    np.testing.assert_allclose(
        nc.convolve(image, kernel)[8:-8, 8:-8], recipe(BLUR, EDGE).run(image)[8:-8, 8:-8], atol=1e-12
    )


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (("match_template", {"template": RNG.normal(size=(3, 3))}), "not linear"),
        (("richardson_lucy", {"psf": nc.kernels.gaussian(sigma=1), "iterations": 3}), "not linear"),
        (("convolve", {"kernel": [[0.5, 0.5]], "dtype": "uint8"}), "not linear"),
        (("feature_maps", {"weights": -np.ones((1, 1, 3, 3)), "activation": "relu", "bias": 12}), "not linear"),
        (("convolve", {"kernel": [[1, 2, 1]], "mask": RNG.random((48, 48)) > 0.3}), "linear, not shift-invariant"),
        (("convolve", {"kernel": nc.Kernel([[0, 1, 0], [0, 0, 0]]), "nan": "omit"}), ""),
    ],
)
def test_the_step_that_breaks_it_is_named(step: tuple[str, dict[str, Any]], words: str) -> None:
    if step[0] == "feature_maps":
        checked = nc.check_lti(recipe(BLUR, EDGE, step), (1, 48, 48))
    else:
        checked = nc.check_lti(recipe(BLUR, step) if words else recipe(BLUR, EDGE, step), (48, 48))
    if not words:
        assert checked.is_lti
        return
    number = 3 if step[0] == "feature_maps" else 2
    assert not checked.is_lti and checked.impulse_response is None
    assert checked.breaking is not None and checked.breaking.startswith(f"step {number}, {step[0]}(")
    assert words in checked.breaking and str(checked) == checked.breaking


def test_errors() -> None:
    for bad in ([[1, 2]], [], [1, np.nan]):
        with pytest.raises(ValueError, match="first"):
            nc.cross_correlation(bad, [1, 2])
    with pytest.raises(TypeError, match="second is complex"):
        nc.cross_correlation([1], [1j])
    with pytest.raises(ValueError, match="spacing=0"):
        nc.cross_correlation([1], [1], spacing=0)
    with pytest.raises(ValueError, match="density 1"):
        nc.density_of_sum([1], [-1, 2])
    with pytest.raises(ValueError, match="must agree"):
        nc.density_of_sum([1], [[1]])
    with pytest.raises(TypeError, match="sequence of str"):
        nc.find_words("abc", "a")
    with pytest.raises(ValueError, match="at least one letter"):
        nc.find_words("abc", ["a", ""])
    with pytest.raises(TypeError, match="recipe"):
        nc.check_lti("blur")
    with pytest.raises(ValueError, match="give the shape"):
        nc.check_lti(recipe(BLUR))
    with pytest.raises(ValueError, match=r"step 2 \(spectrum\) makes no image"):
        nc.check_lti(recipe(BLUR, ("spectrum", {})), (20, 20))
    with pytest.raises(ValueError, match=r"step 1 \(convolve\): an image of shape"):
        nc.check_lti(recipe(("convolve", {"kernel": [[1, 1]], "shape": "valid"})), (20, 20))
