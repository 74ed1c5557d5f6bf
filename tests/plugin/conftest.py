"""A real napari window, and fixtures that act as a user would: by Qt events."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

# Before napari is imported: tests neither read nor write the settings of whoever runs them.
os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "settings.yaml")

import numpy as np
import pytest

pytest.importorskip("napari", reason="napari is not installed")

from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
)

from napari_convolve.plugin.jobs import latest as _latest


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    """A window on the (virtual) screen."""
    shown = make_napari_viewer(show=True)
    shown.window.resize(1200, 900)
    return shown


#: Milliseconds that a wait may take: as long as it needs on a machine that does other things as well.
PATIENCE = 120_000


@pytest.fixture
def qtbot(qtbot: Any) -> Any:
    """pytest-qt's, whose waits end when something happens and not when a machine is slow."""
    wait = qtbot.waitUntil
    qtbot.waitUntil = lambda callback, *, timeout=0: wait(callback, timeout=max(timeout, PATIENCE))
    return qtbot


@pytest.fixture
def open_panel(viewer: Any, qtbot: Any) -> Callable[[str], Any]:
    """Open a panel by its name, as the menu does; the panel gets napari's proxy of the viewer."""

    def open_by_name(name: str) -> Any:
        _, panel = viewer.window.add_plugin_dock_widget("napari-convolve", name)
        qtbot.waitUntil(panel.native.isVisible)
        return panel

    return open_by_name


@pytest.fixture
def hands(qtbot: Any) -> SimpleNamespace:
    """What a person does: click, move, pick, type, wait."""

    def click(widget: Any) -> None:
        native = getattr(widget, "native", widget)
        assert isinstance(native, QAbstractButton)
        assert native.isVisible(), f"{native.text()!r} cannot be seen"
        place = QPoint(10, native.height() // 2)
        QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=place)
        QApplication.processEvents()

    def move(native: Any, place: QPoint, held: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
        # as an event: the pointer of the screen is not ours alone, and says nothing when it is there already
        at, none = QPointF(place), Qt.MouseButton.NoButton
        event = QMouseEvent(
            QEvent.Type.MouseMove, at, QPointF(native.mapToGlobal(place)), none, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(native, event)
        QApplication.processEvents()

    def pick(choice: Any, text: str) -> None:
        box: QComboBox = choice.native
        assert box.isVisible(), f"{choice.label!r} cannot be seen"
        row = box.findText(text)
        if row < 0:  # the one that begins so
            row = box.findText(text, Qt.MatchFlag.MatchStartsWith | Qt.MatchFlag.MatchCaseSensitive)
        assert row >= 0, f"{text!r} is none of {[box.itemText(i) for i in range(box.count())]}"
        box.showPopup()
        view = box.view()
        qtbot.waitUntil(view.isVisible)
        view.scrollTo(box.model().index(row, 0))
        QTest.mouseClick(
            view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(box.model().index(row, 0)).center()
        )
        qtbot.waitUntil(lambda: box.currentIndex() == row)

    def write(field: Any, text: str) -> None:
        kinds = (QAbstractSpinBox, QPlainTextEdit, QLineEdit)
        native = next(
            w for kind in kinds for w in [field.native, *field.native.findChildren(kind)] if isinstance(w, kind)
        )
        assert native.isVisible()
        native.setFocus()
        native.selectAll()
        QTest.keyClicks(native, text)
        if not isinstance(native, QPlainTextEdit):
            QTest.keyClick(native, Qt.Key.Key_Return)

    def wait(panel: Any, timeout: int = 20000) -> str:
        qtbot.waitUntil(lambda: panel.run_bar.run.enabled and not panel.run_bar.busy, timeout=timeout)
        return str(panel.run_bar.message.value)

    def run(panel: Any) -> str:
        click(panel.run_bar.run)
        return wait(panel)

    return SimpleNamespace(click=click, move=move, pick=pick, write=write, wait=wait, run=run)


@pytest.fixture
def stack() -> np.ndarray:
    """A small stack whose axes all differ in length."""
    return np.random.default_rng(0).integers(0, 4096, (6, 21, 17)).astype("uint16")


@pytest.fixture
def at_once(monkeypatch: Any) -> None:
    """What panels make in the background is there at once, for tests of what is shown and not of when."""

    def start(job: Any, finished: Callable[[Any], object]) -> None:
        job()
        finished(job)

    for module in (_latest,):
        monkeypatch.setattr(module, "start", start)
    monkeypatch.setattr(_latest.Latest, "ask", lambda self, delay=None: self._begin())
