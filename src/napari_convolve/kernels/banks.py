"""Banks of hand-designed kernels, similar to the first layer of a trained network.

`feature_maps` does not flip kernels, so each kernel is the pattern that it detects: `rises along x` is dark on the left
and bright on the right, and its map is positive where the image is.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from os import PathLike
from pathlib import Path

import numpy as np

from .._registry import Registry
from ._kernel import Kernel
from ._npy import read_array
from .derivative import sobel
from .matched import gabor
from .scale_space import log

Bank = Callable[[int], tuple[Kernel, ...]]

#: Functions of the number of axes that return the kernels of a bank.
BANKS: Registry[Bank] = Registry("bank")
_AXES = ("z", "y", "x")
_MOST_AXES = len(_AXES)
#: Laws' lines of five samples: level, edge, spot.
_LAWS = {"level": (1, 4, 6, 4, 1), "edge": (-1, -2, 0, 2, 1), "spot": (-1, 0, 2, 0, -1)}
_DIRECTIONS = 8
_SPOT_SIGMAS = (1.0, 2.0, 3.0)


def bank(name: str, /, *, ndim: int = 2) -> tuple[Kernel, ...]:
    """Make a bank of kernels for `feature_maps`.

    Parameters
    ----------
    name : {"edges", "spots", "texture", "directions"}
        *edges*: rising and falling edges along each axis (Sobel). *spots*: bright and dark spots of three sizes
        (Laplacian of Gaussian, sigma 1, 2 and 3 pixels). *texture*: products of Laws' lines of five samples (level,
        edge, spot), without the mean. *directions*: stripes with a period of 6 pixels in eight directions (Gabor), for
        planes only.
    ndim : int
        Number of axes, 1 to 3.

    Returns
    -------
    tuple of Kernel
        Kernels, each named after the pattern that it detects.

    Raises
    ------
    ValueError
        When there is no such bank, or not for this number of axes.

    References
    ----------
    K. I. Laws, "Textured image segmentation", PhD thesis, University of Southern California, 1980.

    Examples
    --------
    >>> from napari_convolve.kernels import bank
    >>> [kernel.name for kernel in bank("edges")]
    ['rises along y', 'falls along y', 'rises along x', 'falls along x']
    >>> bank("edges")[2].values.tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    """
    make = BANKS.get(name)
    if isinstance(ndim, bool) or not isinstance(ndim, int) or not 1 <= ndim <= _MOST_AXES:
        raise ValueError(f"ndim={ndim!r} must be 1, 2 or {_MOST_AXES}")
    return make(ndim)


def read_weights(path: str | PathLike[str]) -> np.ndarray:
    """Read the weights of a network layer from an NPY file of numbers; pickled objects are refused.

    Parameters
    ----------
    path
        An .npy file of numbers of the shape (maps, channels, \\*kernel), as PyTorch keeps them.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When the file contains anything else; the message names the file.
    """
    file = Path(path)
    if file.suffix.lower() != ".npy":
        raise ValueError(f"weights come as a plain .npy file, got {file.name}")
    if not file.is_file():
        raise FileNotFoundError(f"no such file: {file}")
    try:
        with file.open("rb") as stream:
            values = read_array(stream, file.stat().st_size)
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from error
    if values.ndim < 3:
        raise ValueError(f"{file.name}: weights of shape {values.shape} must have the shape (maps, channels, *kernel)")
    return values


def _edges(ndim: int) -> tuple[Kernel, ...]:
    found = []
    for axis, letter in enumerate(_AXES[-ndim:]):
        rises = sobel(axis=axis, ndim=ndim).flipped().values
        found += [_named(rises, f"rises along {letter}"), _named(-rises, f"falls along {letter}")]
    return tuple(found)


def _spots(ndim: int) -> tuple[Kernel, ...]:
    found = []
    for sigma in _SPOT_SIGMAS:
        bright = -(sigma**2) * log(sigma=sigma, ndim=ndim).values  # by sigma²: equal responses to spots of all sizes
        found += [_named(bright, f"bright spots, sigma {sigma:g}"), _named(-bright, f"dark spots, sigma {sigma:g}")]
    return tuple(found)


def _texture(ndim: int) -> tuple[Kernel, ...]:
    found = []
    for names in list(product(_LAWS, repeat=ndim))[1:]:  # the first is the mean
        values = np.ones(())
        for name in names:
            values = np.multiply.outer(values, np.array(_LAWS[name], dtype=float))
        found.append(_named(values / np.abs(values).sum(), " × ".join(names)))
    return tuple(found)


def _directions(ndim: int) -> tuple[Kernel, ...]:
    if ndim != 2:
        raise ValueError(f"the bank 'directions' is for planes, ndim={ndim}; the others are {_others('directions')}")
    angles = [180 * number / _DIRECTIONS for number in range(_DIRECTIONS)]
    return tuple(_named(gabor(wavelength=6, angle=a).flipped().values, f"stripes across {a:g}°") for a in angles)


def _named(values: np.ndarray, name: str) -> Kernel:
    return Kernel(values, name=name)


def _others(name: str) -> str:
    return ", ".join(repr(other) for other in BANKS if other != name)


for _name, _make in (("edges", _edges), ("spots", _spots), ("texture", _texture), ("directions", _directions)):
    BANKS.register(_name, _make)
