"""Table of detected features, best first."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from importlib import import_module
from os import PathLike
from typing import Any

import numpy as np

_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class Detections:
    """Places where a template was found, best first.

    Indexing with a slice, an index, or an array of bool or indices gives the chosen rows.

    Attributes
    ----------
    coordinates : ndarray of float64, shape (n, ndim)
        Where the template's centre (``N // 2`` along each axis) lies, in index units of the image.
    scores : ndarray of float64, shape (n,)
        In [-1, 1], descending.
    templates : ndarray of int, shape (n,)
        Which template.
    rotations : ndarray of float64, shape (n, d, d)
        Matrices that take offsets in the template to offsets in the image, in the order of the template's d axes.
    angles : ndarray of float64, shape (n,), or None
        Degrees in the sense of ``scipy.ndimage.rotate(template, angle)``; None for rotations in space.
    scales : ndarray of float64, shape (n,)
        1 is the size of the template as given.
    threshold : float
        Lowest score that counted.
    null : NullScores or None
        Null distribution of the scores in this image, when `false_alarms` was given.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> image = np.zeros((20, 30)); image[4:7, 10:13] = image[12:15, 20:23] = [[1, 2, 1], [2, 9, 2], [1, 2, 1]]
    >>> found = nc.detect_features(image, image[4:7, 10:13], threshold=0.9)
    >>> len(found), found.coordinates.round(3).tolist()
    (2, [[5.0, 11.0], [13.0, 21.0]])
    """

    coordinates: np.ndarray
    scores: np.ndarray
    templates: np.ndarray
    rotations: np.ndarray
    angles: np.ndarray | None
    scales: np.ndarray
    threshold: float = float("nan")
    null: Any = field(default=None)

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, key: Any) -> Detections:
        if isinstance(key, int | np.integer):
            if not -len(self) <= key < len(self):
                raise IndexError(f"detection {key} of {len(self)}")
            key = slice(key, key + 1 or None)
        return replace(
            self,
            coordinates=self.coordinates[key],
            scores=self.scores[key],
            templates=self.templates[key],
            rotations=self.rotations[key],
            angles=None if self.angles is None else self.angles[key],
            scales=self.scales[key],
        )

    def columns(self) -> dict[str, np.ndarray]:
        """The columns of the table; coordinates are named as in napari's point files."""
        table = {f"axis-{a}": self.coordinates[:, a] for a in range(self.coordinates.shape[1])}
        table |= {"score": self.scores, "template": self.templates}
        if self.angles is not None:
            table["angle"] = self.angles
        else:
            from scipy.spatial.transform import Rotation

            vectors = Rotation.from_matrix(self.rotations).as_rotvec() if len(self) else np.zeros((0, 3))
            table |= {f"rotation-{a}": vectors[:, a] for a in range(3)}
        return table | {"scale": self.scales}

    def to_dataframe(self) -> Any:
        """The table as a pandas DataFrame; needs pandas."""
        pandas: Any = import_module("pandas")
        return pandas.DataFrame(self.columns())

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write the table as a file that napari opens as points; without detections, the header alone.

        All cells below the header are numbers: no spreadsheet can take one for a formula.
        """
        table = self.columns()
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["index", *table])
            for number, row in enumerate(zip(*(column.tolist() for column in table.values()), strict=True)):
                writer.writerow([number, *(f"{value:.9g}" for value in row)])

    def __repr__(self) -> str:
        number = f"{len(self)} detection{'' if len(self) == 1 else 's'}"
        if not len(self):
            return f"Detections: none at a score of {self.threshold:.3g} or more"
        table = {name: column[:_SHOWN] for name, column in self.columns().items()}
        lines = ["  ".join(f"{name:>10}" for name in table)]
        for row in zip(*table.values(), strict=True):
            lines.append("  ".join(f"{value:>10.6g}" for value in row))
        if len(self) > _SHOWN:
            lines.append(f"{'...':>10}")
        return "\n".join([f"Detections: {number}, scores {self.scores[-1]:.3g} to {self.scores[0]:.3g}", *lines])
