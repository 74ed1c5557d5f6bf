"""Run docs/ways-of-reading.md and draw its pictures from the variables that it leaves behind.

    python docs/make_readings.py [FOLDER]

The pictures show nothing but what the page computes; without a folder they go where the page looks for them.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import napari_convolve as nc

PAGE = Path(__file__).with_name("ways-of-reading.md")
FOLDER = Path(__file__).parent / "images" / "readings"


def run_page() -> tuple[dict[str, Any], list[str], list[str]]:
    """The variables of the page, what it prints, and what it says that it prints."""
    source = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S))
    names: dict[str, Any] = {}
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(source, str(PAGE), "exec"), names)  # the page of this folder, nobody else's
    return names, shown.getvalue().splitlines(), re.findall(r"# -> (.*)$", source, re.M)


def flip(v: dict[str, Any]) -> Any:
    figure, axes = plt.subplots(1, 4, figsize=(9, 1.9), sharey=True)
    parts = {
        "image: an impulse": v["row"],
        "kernel": v["kernel"],
        "convolve": nc.convolve(v["row"], v["kernel"]),
        "correlate": nc.correlate(v["row"], v["kernel"]),
    }
    for axis, (title, values) in zip(axes, parts.items(), strict=True):
        axis.bar(range(len(values)), values, color="#c0392b" if title == "kernel" else "#34699a")
        axis.set_title(title, fontsize=9)
        axis.set_xticks(range(len(values)))
    return figure


def theorem(v: dict[str, Any]) -> Any:
    found = v["found"]
    figure, axes = plt.subplots(2, 3, figsize=(6.5, 4.6))
    weights = np.roll(found.weights, [n // 2 - 1 for n in found.weights.shape], (0, 1))
    above = {"image": found.samples, "⊛ kernel": weights, "= result": found.by_transform}
    below = {
        "transform": found.image_transform,
        "× transform": found.kernel_transform,
        "= product": found.product,
    }
    for axis, (title, values) in zip(axes[0], above.items(), strict=True):
        axis.imshow(values, cmap="gray")
        axis.set_title(title, fontsize=9)
    for axis, (title, values) in zip(axes[1], below.items(), strict=True):
        size = np.abs(np.fft.fftshift(values))
        axis.imshow(np.log10(np.maximum(size / size.max(), 1e-5)), cmap="gray")
        axis.set_title(title, fontsize=9)
    for axis in axes.flat:
        axis.set_axis_off()
    return figure


def diffusion(v: dict[str, Any]) -> Any:
    figure, axis = plt.subplots(figsize=(6, 2.6))
    for t in (0, 0.1, 0.4, 1.28):
        axis.plot(v["x"], nc.diffuse(v["drop"], D=0.5, t=t, spacing=0.1), label=f"{t:g} s")
    axis.plot(v["x"], v["exact"], "k:", label="analytic, 1.28 s")
    axis.set_xlabel("um")
    axis.set_xlim(-5, 5)
    axis.legend(fontsize=8)
    return figure


def probability(v: dict[str, Any]) -> Any:
    figure, (dice, places, seen) = plt.subplots(1, 3, figsize=(9, 2.6), width_ratios=(2, 1, 1))
    for count in (1, 2, 3, 10):
        density = nc.density_of_sum(*[v["die"]] * count)
        dice.plot(np.arange(count, 6 * count + 1), density, "o-", ms=3, lw=1, label=f"{count} dice")
    dice.plot(v["values"], v["bell"], "k:", label="a bell")
    dice.set_xlabel("sum")
    dice.legend(fontsize=8)
    for axis, image, title in ((places, v["chances"], "where it is"), (seen, v["measured"], "where it is seen")):
        axis.imshow(image, cmap="magma")
        axis.set_title(title, fontsize=9)
        axis.set_axis_off()
    return figure


def language(v: dict[str, Any]) -> Any:
    found = v["words"]
    figure, axis = plt.subplots(figsize=(8, 1.6))
    axis.imshow(found.maps, cmap="viridis", aspect="auto")
    axis.set_xticks(range(len(found.text)), list(found.text))
    axis.set_yticks(range(len(found.places)), list(found.places))
    for i, line in enumerate(found.maps):
        for j, count in enumerate(line):
            axis.text(j, i, f"{count:.0f}", ha="center", va="center", color="w" if count < 2 else "k", fontsize=8)
    return figure


def feature_maps(v: dict[str, Any]) -> Any:
    figure, axes = plt.subplots(1, 1 + len(v["bank"]), figsize=(9, 2.2))
    titles = ("image", *(kernel.name for kernel in v["bank"]))
    for axis, image, title in zip(axes, (v["scene"], *v["maps"]), titles, strict=True):
        axis.imshow(image, cmap="gray")
        axis.set_title(title, fontsize=9)
        axis.set_axis_off()
    return figure


PICTURES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "flip": flip,
    "theorem": theorem,
    "diffusion": diffusion,
    "probability": probability,
    "language": language,
    "feature-maps": feature_maps,
}


def main(folder: Path) -> None:
    names, printed, said = run_page()
    if printed != said:
        raise SystemExit(f"the page says {said}\nand prints {printed}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        figure = draw(names)
        figure.tight_layout()
        figure.savefig(folder / f"{name}.png", dpi=90, bbox_inches="tight")
        plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
