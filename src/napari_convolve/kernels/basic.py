"""The unit impulse, and kernels of arbitrary values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import numpy as np

from .._registry import Param
from ._design import Ndim, Spacing, kernel
from ._grid import dimensions
from ._kernel import Kernel, as_kernel
from ._text import parse_matrix
from ._values import Values

Center: TypeAlias = Annotated[int | Sequence[int] | None, Param(label="centre")]


@kernel(total=1, symmetry="even")
def identity(*, ndim: Ndim = 2, spacing: Spacing = None) -> Values:
    """Unit impulse: leaves an image unchanged.

    Parameters
    ----------
    {ndim, spacing}

    Notes
    -----
    The unit impulse ``δ``, the neutral element of convolution. Sum 1.

    Examples
    --------
    >>> 2 * identity() - identity() == identity()
    True
    """
    return np.ones((1,) * dimensions(ndim, spacing=spacing))


@kernel(label="custom matrix")
def custom(*, values: Any, center: Center = None, spacing: Spacing = None) -> Kernel:
    """Kernel of given numbers, typed or pasted.

    Parameters
    ----------
    values
        Numbers: an array, rows of numbers, a Kernel, or text with one row per line or semicolon, in which numbers
        and simple fractions such as ``1/9`` are separated by spaces, tabs or commas. Text is never evaluated.
    center
        Index of the origin (zero shift), by default ``N // 2``.
    {spacing}

    Raises
    ------
    TypeError
        When `values` does not contain numbers.
    ValueError
        When text contains anything but numbers (the error names them), rows differ in length, or values are not finite.

    Notes
    -----
    The values are not changed; ``custom(...).normalized()`` has sum 1.

    Examples
    --------
    >>> custom(values="1 2 1; 2 4 2; 1 2 1").normalized().sum
    1.0
    """
    given = as_kernel(parse_matrix(values) if isinstance(values, str) else values)
    return Kernel(given.values, given.center if center is None else center)
