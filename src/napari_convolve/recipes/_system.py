"""Test whether a recipe is linear and shift-invariant, and find the step that is not."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import Kernel
from ..ops.inspection.readings import SystemCheck, check_system
from ._recipe import Recipe

_LENGTH = 64  # samples along each axis of the test images, at most


@dataclass(frozen=True, eq=False)
class RecipeCheck:
    """Result of `check_lti`.

    Attributes
    ----------
    whole : SystemCheck
        Verdict on the recipe.
    steps : tuple of SystemCheck
        Verdict on each step by itself.
    names : tuple of str
        The steps as text.
    impulse_response : Kernel or None
        Of a linear, shift-invariant recipe: away from the borders it is the convolution with this kernel.
    """

    whole: SystemCheck
    steps: tuple[SystemCheck, ...]
    names: tuple[str, ...]
    impulse_response: Kernel | None

    @property
    def is_lti(self) -> bool:
        """Whether the recipe is linear and shift-invariant."""
        return self.whole.is_lti

    @property
    def breaking(self) -> str | None:
        """The first step that is not linear and shift-invariant, and why; None when all are."""
        for number, (name, check) in enumerate(zip(self.names, self.steps, strict=True), 1):
            if not check.is_lti:
                return f"step {number}, {name}: {check}"
        return None

    def __str__(self) -> str:
        return str(self.whole) if self.is_lti or self.breaking is None else self.breaking


def check_lti(recipe: Recipe, shape: Sequence[int] | None = None, /, *, tolerance: float = 1e-6) -> RecipeCheck:
    """Test whether a recipe is linear and shift-invariant, and name the step that is not.

    The recipe and every step are run on two random images, their sum, a multiple and a shifted one. Shift invariance is
    tested in the middle third, so that borders do not matter as long as the kernels are shorter than a third.

    Parameters
    ----------
    recipe : Recipe
        Its steps must keep the shape of the image.
    shape : sequence of int, optional
        Shape of the test images; by default that of the recorded image, at most 64 samples along each axis.
    tolerance : float
        Allowed deviation relative to the largest value of the result.

    Returns
    -------
    RecipeCheck
        Its text is the verdict; `breaking` names the step, `impulse_response` is the equivalent kernel.

    Raises
    ------
    TypeError, ValueError
        When it is no recipe, a step cannot run on such images, or its result is no image of the same shape.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> blur = nc.Recipe.of("convolve", kernel=nc.kernels.gaussian(sigma=1))
    >>> look = nc.Recipe.of("match_template", template=nc.kernels.disk(radius=2))
    >>> print(nc.check_lti(blur + blur, (40, 40)))
    linear, shift-invariant
    >>> print(nc.check_lti(blur + look, (40, 40)).breaking.partition(" (by")[0])
    step 2, match_template(template=disk): not linear
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(f"a recipe is checked, not {type(recipe).__name__}")
    size = _size(recipe, shape)
    margin = tuple(n // 3 for n in size)
    parts = [Recipe((step,)) for step in recipe.steps]
    for number, part in enumerate(parts, 1):
        if not part.steps[0].function.makes_image:
            raise ValueError(f"step {number} ({part.steps[0].operation}) makes no image")
    steps = tuple(_check(part, number, size, margin, tolerance) for number, part in enumerate(parts, 1))
    whole = steps[0] if len(steps) == 1 else _check(recipe, 0, size, margin, tolerance)
    response = _impulse_response(recipe, size) if whole.is_lti else None
    return RecipeCheck(whole, steps, tuple(str(part) for part in parts), response)


def _size(recipe: Recipe, shape: Sequence[int] | None) -> tuple[int, ...]:
    own = recipe.steps[0].image
    if shape is None:
        if own is None:
            raise ValueError("the recipe does not know its image: give the shape of the images to try")
        return tuple(min(n, _LENGTH) for n in own.shape)
    try:
        size = tuple(operator.index(n) for n in shape)
    except TypeError as error:
        raise TypeError(f"shape={shape!r} must be a sequence of integers") from error
    if not size or min(size) < 1:
        raise ValueError(f"shape={shape!r} must be of at least one axis, each of at least one sample")
    return size


def _check(part: Recipe, number: int, size: tuple[int, ...], margin: tuple[int, ...], tolerance: float) -> SystemCheck:
    try:
        return check_system(part.run, size, margin, tolerance)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        text = str(error).removeprefix(f"step 1 ({part.steps[0].operation}): ") if number else str(error)
        raise kind(f"step {number} ({part.steps[0].operation}): {text}" if number else text) from error


def _impulse_response(recipe: Recipe, size: tuple[int, ...]) -> Kernel:
    """The response to an impulse in the middle, cropped to values above rounding error."""
    image = np.zeros(size)
    middle = tuple(n // 2 for n in size)
    image[middle] = 1
    response: NDArray[Any] = np.asarray(recipe.run(image))
    large = np.argwhere(np.abs(response) > 1e-12 * np.abs(response).max()) if response.any() else np.array([middle])
    low, high = np.minimum(large.min(0), middle), np.maximum(large.max(0), middle) + 1
    part = response[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    center = tuple(int(c - a) for c, a in zip(middle, low, strict=True))
    return Kernel(part, center, name="impulse response")
