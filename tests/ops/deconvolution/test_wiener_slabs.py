"""Wiener deconvolution on the CPU, slab by slab, is that on whole spectra (which complex results are computed on)."""

from __future__ import annotations

import numpy as np
import pytest

import napari_convolve as nc


def psf_of(size: tuple[int, ...], kind: str) -> np.ndarray:
    """Its own mirror image around N // 2, or almost, or not at all."""
    grid = np.meshgrid(*(np.arange(n) - n // 2 for n in size), indexing="ij")
    psf = np.exp(-sum((g / (n / 5)) ** 2 for g, n in zip(grid, size, strict=True)) - 0.1 * grid[0] * grid[-1])
    psf[np.any([abs(g) > (n - 1) // 2 for g, n in zip(grid, size, strict=True)], axis=0)] = 0
    flat = psf.reshape(-1)
    if kind == "almost":
        flat[flat.size // 2 + 1] *= 1.001
    if kind == "lopsided":
        flat *= np.random.default_rng(5).random(flat.size)
    return psf


@pytest.mark.parametrize("edges", ["extend", "periodic"])
@pytest.mark.parametrize("kind", ["mirrored", "almost", "lopsided"])
@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((70, 81), (9, 8)),
        ((45, 400), (1, 121)),
        ((400, 45), (121, 3)),
        ((20, 33, 26), (5, 6, 9)),
        ((7, 9, 8), (7, 8, 8)),
    ],
)
def test_by_slabs_or_whole(shape: tuple[int, ...], size: tuple[int, ...], kind: str, edges: str) -> None:
    image, psf = 100 + np.random.default_rng(3).normal(size=shape), psf_of(size, kind)
    for nsr in (0.01, 1e-5):  # in one go, and with steps
        whole = nc.wiener(image, psf, nsr=nsr, edges=edges, dtype="complex128")
        found = nc.wiener(image, psf, nsr=nsr, edges=edges)
        assert np.abs(found - whole).max() <= 1e-9 * np.abs(whole).max()
