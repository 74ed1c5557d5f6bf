"""Tabs with four views of a kernel: weights, profile, frequency response, report."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from ...kernels import Kernel
from ..plots.kernel_curves import cutoffs_text, distance_label, frequency_label, profiles, responses
from ..plots.kernel_image import KernelPicture
from ..plots.line_plot import LinePlot
from ..widgets.text import plain_label


class KernelViews(QTabWidget):
    """Tabs with views of a kernel; only the visible one is kept up to date."""

    def __init__(self) -> None:
        super().__init__()
        self._kernel: Kernel | None = None
        self._names: tuple[str, ...] = ()
        self.picture, self.profile, self.response = KernelPicture(), LinePlot(), LinePlot()
        self.cutoffs, self.report = plain_label(QLabel()), ReportTable()
        self.cutoffs.setToolTip("−3 dB: half of the power is left; −6 dB: half of the amplitude, the dashes")
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.response, 1)
        layout.addWidget(self.cutoffs)
        for title, widget in (
            ("Weights", self.picture),
            ("Profile", self.profile),
            ("Response", page),
            ("Report", scrolled(self.report)),
        ):
            self.addTab(widget, title)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.currentChanged.connect(self._update)

    def show_kernel(self, kernel: Kernel | None, names: Sequence[str] = ()) -> None:
        """Show a kernel with these names of its axes; None shows nothing."""
        self._kernel, self._names = kernel, tuple(names)
        self._update()

    def _update(self) -> None:
        kernel, visible = self._kernel, self.tabText(self.currentIndex())
        if kernel is None:
            self.picture.show_kernel(None)
            self.profile.show_lines((), "")
            self.response.show_lines((), "")
            self.cutoffs.setText("")
            self.report.show_lines("")
        elif visible == "Weights":
            self.picture.show_kernel(kernel)
        elif visible == "Profile":
            self.profile.show_lines(profiles(kernel, self._names), distance_label(kernel), "weight", dots=True)
        elif visible == "Response":
            self.response.show_lines(responses(kernel, self._names), frequency_label(kernel), "gain")
            self.cutoffs.setText(cutoffs_text(kernel, self._names))
        elif visible == "Report":
            self.report.show_lines(str(kernel.report()))


class ReportTable(QWidget):
    """A kernel report as a table, one property per row."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(4, 4, 4, 4)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._cells: list[tuple[QLabel, QLabel]] = []

    def show_lines(self, text: str) -> None:
        """Show lines with a name in the first 16 columns and a value after them."""
        lines = text.splitlines()
        while len(self._cells) < len(lines):
            pair = (plain_label(QLabel()), plain_label(QLabel()))
            for column, label in enumerate(pair):
                self._grid.addWidget(label, len(self._cells), column)
            pair[0].setWordWrap(False)
            pair[0].setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
            self._cells.append(pair)
        for row, pair in enumerate(self._cells):
            line = lines[row] if row < len(lines) else ""
            pair[0].setText(line[:16].strip())
            pair[1].setText(line[16:].strip().replace(" um", " µm"))

    @property
    def texts(self) -> dict[str, str]:
        """The shown values by name."""
        return {name.text(): value.text() for name, value in self._cells if name.text()}


def scrolled(content: QWidget) -> QScrollArea:
    """A widget in an area that scrolls up and down."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area
