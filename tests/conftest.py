"""Fixtures for every test."""

from __future__ import annotations

import atexit
import os
import runpy
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest

# Nobody's calibration decides a plan, nor do tests that run side by side decide those of each other.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["NAPARI_CONVOLVE_CACHE"] += f"/{worker}"
else:
    os.environ["NAPARI_CONVOLVE_CACHE"] = tempfile.mkdtemp(prefix="napari-convolve-tests-")
    atexit.register(shutil.rmtree, os.environ["NAPARI_CONVOLVE_CACHE"], ignore_errors=True)

# For the workers of pytest-xdist, which start after this: threads of OpenBLAS that wait for each other on shared cores
# cost up to ten times the work of one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Pages draw into files; no window is needed for that.
os.environ.setdefault("MPLBACKEND", "Agg")

DATA_VARIABLE = "NAPARI_CONVOLVE_DATA"

#: A test with more cases than this is a matrix, of which the short run takes a sample.
MATRIX = 8

# scripts that made reference tables with libraries the tests do not need
collect_ignore_glob = ["data/*"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as ``thorough`` what the short run leaves out.

    That is most cases of a matrix: its sample holds every value of every parameter at least once, in a mixture that
    is the same in every process and on every machine. And it is what needs a napari window, which takes seconds to
    open and close, but for one test of each panel.
    """
    for item in items:
        if "make_napari_viewer" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("panel"):
            item.add_marker(pytest.mark.thorough)
    for _, group in groupby(items, lambda item: item.nodeid.partition("[")[0]):
        cases = sorted(group, key=lambda item: zlib.crc32(item.nodeid.encode()))
        if len(cases) <= MATRIX:
            continue
        seen: set[tuple[str, str]] = set()
        for case in cases:
            values = {(name, repr(value)) for name, value in case.callspec.params.items()}  # type: ignore[attr-defined]
            if values <= seen:
                case.add_marker(pytest.mark.thorough)
            seen |= values


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Run ``python file.py ...`` or ``napari-convolve ...`` in this process, by default in `tmp_path`; its output.

    A process of its own takes seconds for its imports. Only tests of what a fresh Python does start one.
    """

    def call(program: str, *words: object, folder: Path = tmp_path) -> str:
        from napari_convolve.cli import run

        given = list(map(str, words))
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            if program == "napari-convolve":
                status = run(given)
            else:
                assert program == "python"
                patch.setattr(sys, "argv", given)
                runpy.run_path(given[0], run_name="__main__")
                status = 0
        shown = capsys.readouterr()
        assert status == 0, shown.err
        return shown.out

    return call


@pytest.fixture
def dataset() -> Callable[[str], Path]:
    """Path of a file among the larger data sets; skips where there are none, fails where one is missing."""

    def find(name: str) -> Path:
        root = os.environ.get(DATA_VARIABLE)
        if not root:
            pytest.skip(f"{DATA_VARIABLE} does not name the folder of the larger data sets")
        path = Path(root) / name
        if not path.exists():
            pytest.fail(f"{DATA_VARIABLE} is set, but {name} is missing there")
        return path

    return find
