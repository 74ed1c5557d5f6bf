"""Kernels are made outside the GUI thread in all panels, and always belong to the current values."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

import napari_convolve as nc
from napari_convolve.kernels import KERNELS
from napari_convolve.plugin.kernel_input import kernel_making as _kernel_made
from napari_convolve.plugin.kernel_input import weights_chooser as _bank


class Catalogue:
    """The catalogue, which notes the thread of every kernel and may be held."""

    def __init__(self) -> None:
        self.threads: list[Any] = []
        self.gate = threading.Event()
        self.gate.set()

    def get(self, name: str) -> Any:
        return lambda **given: self.noted(KERNELS.get(name), **given)

    def noted(self, make: Any, *args: Any, **given: Any) -> Any:
        self.threads.append(threading.current_thread())
        assert self.gate.wait(120)
        return make(*args, **given)


@pytest.fixture
def catalogue(monkeypatch: Any) -> Iterator[Catalogue]:
    made = Catalogue()
    monkeypatch.setattr(_kernel_made, "KERNELS", made)
    monkeypatch.setattr(_bank, "bank", lambda *args, **given: made.noted(nc.kernels.bank, *args, **given))
    yield made
    made.gate.set()


@pytest.mark.parametrize("name", ["Kernel Designer", "Inspector", "Feature Maps"])
def test_no_kernel_is_made_in_the_gui_thread(viewer, open_panel, hands, qtbot, catalogue, name: str) -> None:
    viewer.add_image(np.random.default_rng(0).random((30, 40)), name="a")
    panel = open_panel(name)
    part = panel.weights if name == "Feature Maps" else panel
    qtbot.waitUntil(lambda: not part.busy)
    if name == "Feature Maps":
        hands.pick(panel.weights.kind, "directions")
        qtbot.waitUntil(lambda: panel.weights.pictures.count == 8)
        assert "maps" in hands.run(panel)
    else:
        hands.pick(panel.kernel.kind, "gaussian")
        hands.write(panel.kernel.form["sigma"], "3.5")
    if name == "Kernel Designer":
        qtbot.waitUntil(lambda: panel.message.value.startswith("29 × 29"))
        for button in panel.buttons.values():
            if button.text != "Save …" and button.text != "Help":
                hands.click(button)
                qtbot.waitUntil(lambda: not panel.busy)
    qtbot.waitUntil(lambda: not part.busy)
    assert catalogue.threads and threading.main_thread() not in catalogue.threads


def test_the_designer_hands_on_what_is_set_and_shows_nothing_that_has_passed(
    viewer, open_panel, hands, qtbot, catalogue
) -> None:
    designer = open_panel("Kernel Designer")
    qtbot.waitUntil(lambda: not designer.busy)
    first = designer.present
    catalogue.gate.clear()
    count = len(catalogue.threads)
    hands.write(designer.kernel.form["sigma"], "3")
    qtbot.waitUntil(lambda: len(catalogue.threads) > count)  # it is being made
    qtbot.wait(150)
    hands.write(designer.kernel.form["sigma"], "2")
    seen = []
    designer.views.picture.show_kernel = lambda kernel: seen.append(kernel)
    hands.click(designer.buttons["Add as layer"])
    hands.click(designer.buttons["Copy Python"])
    assert designer.present is first and not viewer.layers, "the window is not held"
    catalogue.gate.set()
    qtbot.waitUntil(lambda: not designer.busy)
    assert designer.present == nc.kernels.gaussian(sigma=2.0) and set(map(str, seen)) == {str(designer.present)}
    np.testing.assert_array_equal(viewer.layers["gaussian"].data, designer.present.values)
    assert "sigma=2.0" in QApplication.clipboard().text()
    qtbot.waitUntil(lambda: not designer._later.isActive())  # changes in quick succession are one step
    hands.write(designer.kernel.form["sigma"], "4")
    hands.click(designer.buttons["Undo"])  # before it is made
    qtbot.waitUntil(lambda: not designer.busy)
    assert designer.kernel.form["sigma"].value == 2 and designer.present == nc.kernels.gaussian(sigma=2.0)


def test_the_inspector_looks_with_the_kernel_of_the_moment(viewer, open_panel, hands, qtbot, catalogue) -> None:
    image = np.random.default_rng(0).random((30, 40))
    viewer.add_image(image, name="a")
    panel = open_panel("Inspector")
    qtbot.waitUntil(lambda: not panel.busy)
    panel._look((12, 20))
    catalogue.gate.clear()
    hands.pick(panel.kernel.kind, "gaussian")
    assert panel.busy and panel.patch is None and not panel.player.enabled
    panel._look((13, 21))  # as the mouse does meanwhile
    assert panel.patch is None
    catalogue.gate.set()
    qtbot.waitUntil(lambda: panel.patch is not None)
    assert panel.place == (13, 21) and panel.player.enabled
    assert panel.patch.sum == pytest.approx(nc.convolve(image, nc.kernels.gaussian(sigma=1))[13, 21], abs=1e-12)
