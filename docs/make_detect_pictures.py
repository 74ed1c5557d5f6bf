"""Draw the pictures of ``docs/how-to/detect.md`` from real runs: ``python docs/make_detect_pictures.py [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import skimage.data
from matplotlib.patches import Rectangle
from PIL import Image

import napari_convolve as nc

FOLDER = Path(__file__).parent / "images"
#: Where the example lies in scikit-image's coins.
BOX = (slice(37, 75), slice(80, 121))


def seed(path: Path) -> None:
    """Image, template, the kernel that correlating with it is convolving with, and the scores."""
    image = skimage.data.coins()
    template = image[BOX]
    kernel = nc.kernels.custom(values=template.astype(float) - template.mean()).flipped()
    scores = nc.match_template(image, template)
    figure, axes = plt.subplots(1, 4, figsize=(11, 2.6), width_ratios=(3, 1, 1, 3), layout="constrained")
    axes[0].imshow(image, cmap="gray")
    axes[0].add_patch(Rectangle((80, 37), 41, 38, fill=False, color="yellow", linewidth=1.5))
    axes[0].set_title("an image, and one example")
    axes[1].imshow(template, cmap="gray")
    axes[1].set_title("the template …")
    axes[2].imshow(kernel.values, cmap="gray")
    axes[2].set_title("… upside down:\nthe kernel")
    axes[3].imshow(scores, cmap="gray", vmin=0, vmax=1)
    axes[3].set_title("white where the feature is")
    for axis in axes:
        axis.set_axis_off()
    save(figure, path)


def null(path: Path) -> None:
    """Peaks of a scene of beads, what chance gives, and the threshold for one false detection."""
    rng = np.random.default_rng(0)
    bead = nc.kernels.gaussian(sigma=1.3)
    image = np.zeros((512, 512))
    image[tuple(rng.integers(8, 504, (2, 150)))] = rng.uniform(8, 40, 150)
    image = nc.convolve(image, bead) + rng.normal(scale=0.5, size=image.shape)
    kept: list[Any] = []
    found = nc.detect_features(image, bead, false_alarms=1, scores=kept.append)
    edges = np.linspace(0, 1, 65)
    chance = np.where(edges[:-1] >= found.null.level, -np.diff(found.null.expected(edges)), np.nan)
    figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
    axis.hist(kept[0].peaks[1], edges, color="0.7", label="peaks of the score map")
    axis.stairs(chance, edges, color="C0", linewidth=2, label="what chance gives")
    axis.axvline(found.threshold, color="C2", linewidth=2, label=f"false_alarms=1: {found.threshold:.3f}")
    axis.set(yscale="log", ylim=(0.5, None), xlim=(0, 1), xlabel="score", ylabel="number in the image")
    axis.legend()
    save(figure, path)


def save(figure: plt.Figure, path: Path) -> None:
    """In few colours, which nobody sees and the repository is glad of."""
    figure.savefig(path, dpi=100)
    plt.close(figure)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    seed(folder / "detect-seed.png")
    null(folder / "detect-null.png")
