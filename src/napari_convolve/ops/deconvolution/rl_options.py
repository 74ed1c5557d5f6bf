"""Options and input samples of a Richardson-Lucy deconvolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..._arrays import Array
from ...backends import Backend
from .blur_operator import Box

ACCELERATIONS = ("biggs-andrews", "none")
STARTS = ("mean", "image")
STOPS = ("none", "auto")


#: ``empty(shape, dtype)`` makes an array that is kept between iterations, in memory or in a file.
Empty = Callable[[tuple[int, ...], str], Array]


class Samples:
    """The samples of an image, converted to the computing dtype box by box on access; 0 where they are not valid."""

    def __init__(self, image: Array, valid: Array | None, dtype: str, backend: Backend) -> None:
        self._image, self.valid, self._backend = image, valid, backend
        self.shape, self.dtype = tuple(image.shape), dtype

    def __getitem__(self, box: Box) -> Array:
        part = self._backend.astype(self._image[box], self.dtype)
        if self.valid is None:
            return part
        xp = self._backend.xp
        return xp.where(self.valid[box], part, xp.zeros_like(part))


@dataclass(frozen=True)
class LucyOptions:
    """The options of Richardson-Lucy, validated.

    Attributes
    ----------
    iterations : int
    accelerated : bool
    tv : float
    spacing : tuple of float
        Length of a step along each acted axis relative to the shortest.
    background : float
    start : str, array or Samples
    edges : str
    stop : str or None
    quantum : float
        Step between neighbouring values of the image.
    intermediate : callable or None
        ``intermediate(iteration, object)`` after each iteration; True stops and keeps.
    dtype : str or None
        Of the result.
    """

    iterations: int
    accelerated: bool
    tv: float
    spacing: tuple[float, ...]
    background: float
    start: str | Array
    edges: str
    stop: str | None
    quantum: float
    intermediate: Callable[[int, Array], object] | None
    dtype: str | None
