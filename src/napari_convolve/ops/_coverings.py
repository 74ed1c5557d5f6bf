"""Sets of rotations that cover all orientations evenly."""

from __future__ import annotations

import math

import numpy as np

#: Constants of the super-Fibonacci spiral.
_PHI, _PSI = math.sqrt(2.0), 1.533751168755204288118041


def super_fibonacci(number: int) -> np.ndarray:
    """`number` unit quaternions (x, y, z, w) spread evenly over all rotations.

    References
    ----------
    .. [1] M. Alexa, Super-Fibonacci Spirals: Fast, Low-Discrepancy Sampling of SO(3), CVPR 2022.
    """
    at = np.arange(number) + 0.5
    inner, outer = np.sqrt(at / number), np.sqrt(1 - at / number)
    alpha, beta = 2 * np.pi * at / _PHI, 2 * np.pi * at / _PSI
    return np.stack([inner * np.sin(alpha), inner * np.cos(alpha), outer * np.sin(beta), outer * np.cos(beta)], axis=1)
