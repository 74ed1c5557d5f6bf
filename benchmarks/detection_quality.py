"""Accuracy of ``detect_features`` on data with known positions: ``python -m benchmarks.detection_quality FOLDER``.

FOLDER holds the data sets by name: match2d_letters, spots2d_storm, beads3d_confocal, nuclei3d, synthetic. Each set is
searched without use of the truth. A detection is true when it lies within a tolerance of a position that no other
detection has matched. ``--write docs/how-to/detect.md`` puts the tables between their marks in that page.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.ndimage
import skimage.data
from scipy.optimize import linear_sum_assignment
from tifffile import imread

import napari_convolve as nc

#: Top-left corner x, y of what multi-template-matching publishes for coins (OpenCV, no overlap, 0.5).
COINS = [
    (80, 37), (133, 108), (134, 178), (82, 106), (316, 105), (23, 178), (185, 103), (257, 34), (26, 103), (22, 37),
    (335, 247), (227, 239), (95, 244), (286, 237), (251, 106), (157, 234), (134, 37), (196, 27),
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One search of one set."""

    name: str
    call: str
    truth: int
    found: int
    true: int
    rms: float

    @property
    def recall(self) -> float:
        return self.true / self.truth

    @property
    def precision(self) -> float:
        return self.true / self.found if self.found else float("nan")

    def __str__(self) -> str:
        error = f"{self.rms:.2f}" if np.isfinite(self.rms) else "–"
        return (
            f"| {self.name} | {self.call} | {self.truth} | {self.found} | {self.precision:.3f} | {self.recall:.3f} "
            f"| {error} |"
        )


def match(found: np.ndarray, places: np.ndarray, within: float) -> tuple[int, float]:
    """The number of true detections, each position counted once, and their error along an axis."""
    if not len(found):
        return 0, float("nan")
    distance = np.linalg.norm(found[:, None] - places[None], axis=2)
    rows, columns = linear_sum_assignment(np.where(distance <= within, distance - 1e6, 0.0))
    near = distance[rows, columns] <= within
    errors = found[rows[near]] - places[columns[near]]
    return int(near.sum()), float(np.sqrt(np.mean(errors**2))) if near.any() else float("nan")


def row(name: str, call: str, found: Sequence[nc.Detections], places: Sequence[np.ndarray], within: float) -> Row:
    """The row of one or several images."""
    hits = [match(f.coordinates, p, within) for f, p in zip(found, places, strict=True)]
    true = sum(number for number, _ in hits)
    square = sum(number * error**2 for number, error in hits if number)
    return Row(name, call, sum(map(len, places)), sum(map(len, found)), true, (square / max(true, 1)) ** 0.5)


def truth(path: Path, columns: int) -> np.ndarray:
    """The positions in a table of the truth."""
    with open(path) as file:
        rows = list(csv.reader(file))[1:]
    return np.array([[float(cell) for cell in line[:columns]] for line in rows])


def coins() -> Iterator[Row]:
    image = skimage.data.coins()
    found = nc.detect_features(image, image[37:75, 80:121], threshold=0.5, max_overlap=0, shape="valid")
    places = np.array([(y + 19, x + 20) for x, y in COINS], float)
    yield row("coins (18 published hits)", "threshold 0.5, no overlap", [found], [places], 3)


def glyphs(image: np.ndarray) -> dict[str, tuple[slice, slice]]:
    """The boxes of A B C - 1 2 3, with a margin of 2."""
    labels, _ = scipy.ndimage.label(image > 60, np.ones((3, 3)))
    boxes = sorted(scipy.ndimage.find_objects(labels), key=lambda box: box[1].start)
    boxes = [box for box in boxes if (box[0].stop - box[0].start) * (box[1].stop - box[1].start) >= 8]
    wide = [tuple(slice(s.start - 2, s.stop + 2) for s in box) for box in boxes]
    return dict(zip("ABC-123", wide, strict=True))


def letters(folder: Path) -> Iterator[Row]:
    image = imread(folder / "match2d_letters" / "letters_numbers.tif")
    for name, box in glyphs(image).items():
        template = image[box]
        place = np.array([[s.start + n // 2 for s, n in zip(box, template.shape, strict=True)]], float)
        for call, options in (("threshold 0.7 (default)", {}), ("threshold 0.8", {"threshold": 0.8})):
            found = nc.detect_features(image, template, **options)
            yield row(f"letters: {name}", call, [found], [place], 2)


def storm(folder: Path) -> Iterator[Row]:
    frames = imread(folder / "spots2d_storm" / "storm_256x256.tif")
    table = truth(folder / "spots2d_storm" / "storm_256x256_truth.csv", 3)
    places = [table[table[:, 0] == number, 1:] for number in range(len(frames))]
    spot = nc.kernels.gaussian(sigma=1.0, integrate=True)
    for call, options in (
        ("threshold 0.5", {"threshold": 0.5, "min_distance": 2}),
        ("false_alarms 1 a frame", {"false_alarms": 1, "min_distance": 2}),
    ):
        found = [nc.detect_features(frame, spot, **options) for frame in frames]
        yield row("STORM spots (10 frames)", call, found, places, 1.5)


def beads(folder: Path) -> Iterator[Row]:
    image = imread(folder / "beads3d_confocal" / "bead_image1_crop.tif")
    places = truth(folder / "beads3d_confocal" / "published_centres_of_mass.csv", 3)
    z, y, x = np.rint(places[2]).astype(int)
    template = image[z - 9 : z + 10, y - 9 : y + 10, x - 9 : x + 10]
    found = nc.detect_features(image, template)
    yield row("confocal beads, 3-D (template: one of them)", "threshold 0.7 (default)", [found], [places], 3)


def nuclei(folder: Path) -> Iterator[Row]:
    image = imread(folder / "nuclei3d" / "img3d.tif")
    mask = imread(folder / "nuclei3d" / "mask3d.tif")
    places = np.array(scipy.ndimage.center_of_mass(mask > 0, mask, np.unique(mask[mask > 0])))
    blob = nc.kernels.gaussian(sigma=(1.8, 2.8, 2.8), truncate=2)
    for call, options in (("threshold 0.4", {"threshold": 0.4}), ("threshold 0.5", {"threshold": 0.5})):
        found = nc.detect_features(image, blob, min_distance=(4, 6, 6), **options)
        yield row("nuclei, 3-D (template: a Gaussian)", call, [found], [places], 5)


def synthetic(folder: Path) -> Iterator[Row]:
    root = folder / "synthetic"
    for name, ndim, options in (
        ("match2d_plain", 2, {}),
        ("match2d_rot", 2, {"rotations": range(0, 360, 10)}),
        ("match2d_scale", 2, {"scales": [0.8, 1.0, 1.25]}),
        ("match3d_plain", 3, {}),
    ):
        image, template = imread(root / f"{name}.tif"), imread(root / f"{name}_template.tif")
        places = truth(root / f"{name}_truth.csv", ndim)
        for call, more in (("threshold 0.7 (default)", {}), ("false_alarms 1", {"false_alarms": 1})):
            found = nc.detect_features(image, template, **options, **more)
            yield row(f"{name}", call, [found], [places], 2)
    for name, template in (
        ("beads2d", nc.kernels.gaussian(sigma=1.3)),
        ("beads3d", nc.kernels.gaussian(sigma=(2, 1.3, 1.3), truncate=3)),
    ):
        image, places = imread(root / f"{name}.tif"), truth(root / f"{name}_truth.csv", int(name[-2]))
        for call, more in (("threshold 0.7 (default)", {}), ("false_alarms 1", {"false_alarms": 1})):
            found = nc.detect_features(image, template, min_distance=3, **more)
            yield row(name, call, [found], [places], 1.5)


def calibration(fields: int) -> Iterator[str]:
    """Mean number of detections that ``false_alarms=1`` gives in noise."""
    kinds = {
        "white": lambda rng: rng.normal(size=(200, 200)),
        "coloured": lambda rng: scipy.ndimage.gaussian_filter(rng.normal(size=(200, 200)), 1.5),
        "Poisson": lambda rng: rng.poisson(4.0, (200, 200)).astype(float),
    }
    bead, texture = nc.kernels.gaussian(sigma=1.3), np.random.default_rng(9).normal(size=(15, 17))
    texture = scipy.ndimage.gaussian_filter(texture, 1)
    for kind, make in kinds.items():
        means = []
        for template in (bead, texture):
            rng = np.random.default_rng(7)
            means.append(np.mean([len(nc.detect_features(make(rng), template, false_alarms=1)) for _ in range(fields)]))
        yield f"| {kind} | {means[0]:.2f} | {means[1]:.2f} |"


def tables(folder: Path, fields: int) -> str:
    """Both tables as Markdown."""
    sets = (coins(), letters(folder), storm(folder), beads(folder), nuclei(folder), synthetic(folder))
    lines = [
        "| set | search | features | found | precision | recall | rms error (px) |",
        "|---|---|---|---|---|---|---|",
    ]
    for rows in sets:
        for found in rows:
            lines.append(str(found))
            print(lines[-1], flush=True)
    lines += ["", "| noise alone | mean detections, a bead | a texture |", "|---|---|---|", *calibration(fields)]
    print("\n".join(lines[-5:]))
    return "\n".join(lines)


def main() -> None:
    """Print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection_quality", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="the data sets")
    parser.add_argument("--fields", type=int, default=100, help="fields of each kind of noise")
    parser.add_argument("--write", type=Path, help="a page with the marks <!-- quality --> and <!-- end -->")
    options = parser.parse_args()
    text = tables(options.folder, options.fields)
    if options.write:
        page = options.write.read_text()
        marked = re.sub(r"(<!-- quality -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{text}\n{m[2]}", page, flags=re.S)
        options.write.write_text(marked)


if __name__ == "__main__":
    main()
