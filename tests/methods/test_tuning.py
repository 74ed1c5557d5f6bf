"""Calibration is stored per machine, read again, deleted on request, and ignored when it is not plausible."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.backends import SESSION, _calibration
from napari_convolve.backends._session import Session
from napari_convolve.methods import _tuning


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAPARI_CONVOLVE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_rates_are_kept_between_sessions_and_forgotten() -> None:
    Session().set_rates({"fft": 1e-9})
    assert Session().rates() == {"fft": 1e-9}
    Session().set_rates(None)
    assert Session().rates() == {}


def test_new_rates_change_a_plan_that_was_made_before() -> None:
    image, kernel, kept = nc.ArraySpec((2048, 2048)), np.ones((31, 30)) + np.eye(31, 30), SESSION.rates()
    before = nc.plan(image, kernel)
    try:
        SESSION.set_rates({"overlap-save": 1e-7, "fft": 1e-14})
        assert nc.plan(image, kernel).method == "fft" != before.method
    finally:
        SESSION.set_rates(kept)
    assert nc.plan(image, kernel) == before


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 99, "machine": "", "rates": {}}', '{"version": 1, "rates": {"fft": "x"}}']
)
def test_a_spoilt_file_counts_as_none(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "calibration.json").write_text(text)
    assert _calibration.load_rates() == {}


def test_senseless_rates_are_left_out(folder: Path) -> None:
    _calibration.store_rates({"fft": 1e-9, "direct.compiled": -1.0})
    kept = json.loads((folder / "calibration.json").read_text())
    kept["rates"]["overlap-save"] = float("inf")
    (folder / "calibration.json").write_text(json.dumps(kept))
    assert _calibration.load_rates() == {"fft": 1e-9}


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NAPARI_CONVOLVE_CACHE", str(tmp_path / "file" / "cache"))
    _calibration.store_rates({"fft": 1e-9})
    assert _calibration.load_rates() == {}


def test_calibration_measures_each_kind_of_work() -> None:
    rates = _tuning.calibrate()
    assert {"fft", "overlap-save"} <= set(rates)
    assert all(1e-13 < rate < 1e-6 for rate in rates.values()), rates
