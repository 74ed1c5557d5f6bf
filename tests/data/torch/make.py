"""Make feature_maps.npz, the maps that PyTorch computes: ``python tests/data/torch/make.py`` where torch is installed.

The inputs are integers, so that they take little room and every sum is exact; the file holds all of them, and the
settings of each case in the order of `fields`.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import torch

FIELDS = ("ndim", "maps", "channels", "kernel", "stride", "dilation", "padding", "activation", "pooling")
ACTIVATIONS = ("none", "relu", "sigmoid", "tanh", "leaky_relu", "abs")
POOLINGS = ("none", "max", "mean")
FUNCTIONS = {
    "none": lambda x: x,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "abs": torch.abs,
}


def cases() -> list[tuple[int, ...]]:
    """Stride x dilation x padding x channels, in 2-D and 3-D; activations and poolings by turns."""
    grid = itertools.product((2, 3), (1, 2, 3), (1, 2, 3), (0, 1, 2), ((2, 1), (3, 4)))
    found = []
    for number, (ndim, stride, dilation, padding, (maps, channels)) in enumerate(grid):
        kernel = (3, 2)[number % 5 == 4]
        pooling = (0, 0, 1, 2)[number % 4] if stride == 1 and dilation == 1 else 0
        found.append((ndim, maps, channels, kernel, stride, dilation, padding, number % 6, pooling))
    return found


def maps_of(image: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor, case: tuple[int, ...]) -> np.ndarray:
    ndim, _, _, _, stride, dilation, padding, activation, pooling = case
    convolve = (torch.nn.functional.conv2d, torch.nn.functional.conv3d)[ndim - 2]
    result = convolve(image[None], weights, bias, stride=stride, padding=padding, dilation=dilation)
    result = FUNCTIONS[ACTIVATIONS[activation]](result)
    if pooling:
        names = (("max_pool2d", "avg_pool2d"), ("max_pool3d", "avg_pool3d"))[ndim - 2]
        result = getattr(torch.nn.functional, names[pooling - 1])(result, 2)
    return result[0].numpy()


def main() -> None:
    rng = np.random.default_rng(20)
    image = {n: rng.integers(-9, 10, (4, *(11, 13, 9)[:n])).astype("i1") for n in (2, 3)}
    weights = {n: rng.integers(-5, 6, (3, 4, *(3,) * n)).astype("i1") for n in (2, 3)}
    bias = rng.integers(-9, 10, 3).astype("i1")
    arrays = {"cases": np.array(cases(), "i1"), "bias": bias}
    for n in (2, 3):
        arrays[f"image{n}"], arrays[f"weights{n}"] = image[n], weights[n]
    for number, case in enumerate(cases()):
        n, maps, channels, kernel = case[:4]
        part = weights[n][:maps, :channels, *(slice(kernel) for _ in range(n))]
        # an eighth of the weights keeps sigmoid and tanh between their ends
        args = (image[n][:channels], part / 64, bias[:maps] / 8)
        arrays[f"maps{number}"] = maps_of(*(torch.tensor(a).float() for a in args), case)
    np.savez_compressed(Path(__file__).with_name("feature_maps.npz"), **arrays)
    print(len(cases()), "cases by torch", torch.__version__)


if __name__ == "__main__":
    main()
