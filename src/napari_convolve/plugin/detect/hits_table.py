"""Table of the hits; a click on a row shows the hit in the viewer."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from ...ops.matching.detections import Detections

_HEIGHT = 150


class _HitModel(QAbstractTableModel):
    """Detections as a Qt table model, which formats only visible rows."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._columns: list[np.ndarray] = []

    def show(self, found: Detections | None, axes: tuple[str, ...]) -> None:
        self.beginResetModel()
        table = {} if found is None else found.columns()
        places = [name for name in table if name.startswith("axis-")]
        others = [
            name for name in table if name not in places and name != "score" and _is_informative(name, table[name])
        ]
        self._names = ["score", *axes, *others] if table else []
        self._columns = [table[name] for name in ("score", *places, *others)] if table else []
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self._columns[0]) if self._columns else 0

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(self._columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        value, name = self._columns[index.column()][index.row()], self._names[index.column()]
        return f"{value:.3f}" if name == "score" else f"{value:.4g}" if value % 1 == 0 else f"{value:.2f}"

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._names[section] if orientation == Qt.Orientation.Horizontal else section + 1


def _is_informative(name: str, column: np.ndarray) -> bool:
    """Whether any value of a column differs from that of the first template, neither rotated nor scaled."""
    return bool((column != (1 if name == "scale" else 0)).any())


class HitTable(QTableView):
    """Table with one row per hit, best first."""

    #: Emitted with the row that was clicked or reached with the keys.
    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._rows = _HitModel()
        self.setModel(self._rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFixedHeight(_HEIGHT)
        self.setToolTip("Click on a hit to see it in the middle of the viewer")
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.verticalHeader().setDefaultSectionSize(22)
        self.selectionModel().currentRowChanged.connect(self._emit_chosen)

    def show_hits(self, found: Detections | None, axes: tuple[str, ...]) -> None:
        self._rows.show(found, axes)

    def _emit_chosen(self, current: QModelIndex, before: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(current.row())
