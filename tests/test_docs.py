"""Every example of the README and of docs/ runs: Python blocks in order, console lines beginning with ``$``."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.M | re.S)


def blocks(page: str) -> list[tuple[str, str]]:
    found = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    assert found, f"{page} has no examples"
    return found


def run(command: list[str], folder: Path, path: Path) -> str:
    """Run a command with `path` for its modules; its output."""
    places = os.pathsep.join(filter(None, [str(path), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_page(page: str, tmp_path: Path, folder: Path) -> str:
    """Write the files of a page, run the rest of its Python as one script, then its console lines; all output."""
    script, commands = [], []
    for language, text in blocks(page):
        if language == "console":
            commands += [shlex.split(line[2:]) for line in text.splitlines() if line.startswith("$ ")]
        elif named := re.match(r"# (\w+\.py)\n", text):
            (tmp_path / named[1]).write_text(text, encoding="utf-8")
        else:
            script.append(text)
    shown = run([sys.executable, "-W", "error", "-c", "\n".join(script)], folder, tmp_path) if script else ""
    for program, *words in commands:
        start = {"python": [sys.executable], "napari-convolve": [sys.executable, "-m", "napari_convolve"]}[program]
        shown += run([*start, *words], folder, tmp_path)
    return shown


@pytest.fixture
def run_here(command: Callable[..., str], tmp_path: Path) -> Callable[[str], str]:
    """`run_page` in this process and `tmp_path`."""

    def call(page: str) -> str:
        script, commands = "", []
        for language, text in blocks(page):
            if language == "console":
                commands += [shlex.split(line[2:]) for line in text.splitlines() if line.startswith("$ ")]
            elif named := re.match(r"# (\w+\.py)\n", text):
                (tmp_path / named[1]).write_text(text, encoding="utf-8")
            else:
                script += text + "\n"
        (tmp_path / "page.py").write_text(script, encoding="utf-8")
        return "".join(command(*words) for words in [["python", "page.py"], *commands])

    return call


def test_readme(tmp_path: Path) -> None:
    run([sys.executable, "-m", "napari_convolve", "demo"], tmp_path, tmp_path)
    before = set(tmp_path.iterdir())
    shown = run_page("README.md", tmp_path, tmp_path)
    assert " on the CPU" in shown or " on the GPU" in shown
    assert set(tmp_path.iterdir()) > before, "the examples write their results"


def test_readme_names_files_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert "docs/images/demo.png" in links
    for link in links:
        assert (ROOT / link).exists(), link


def test_psf(run_here: Callable[[str], str], tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "data"
    shutil.copytree(ROOT / "tests" / "data" / "beads3d_confocal", folder / "beads3d_confocal")
    shown = run_here("docs/how-to/psf.md")
    assert shown.count("PSF from 4 of 4 beads") == 2 and "FWHM" in shown and "chi-square" in shown
    assert {"psf.npz", "fixed.npz", "sharp.tif", "model.npz"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_name_files_that_exist(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert "://" in link or (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_use_public_names_only(page: Path) -> None:
    inner = re.findall(r"napari_convolve\.\w+|nc\._\w+", page.read_text(encoding="utf-8"))
    assert set(inner) <= {"napari_convolve.kernels", "napari_convolve.cli"}


def test_recipes(run_here: Callable[[str], str], tmp_path: Path) -> None:
    shown = run_here("docs/how-to/recipes.md")
    assert "convolve(kernel=gaussian, boundary='mirror') | wiener(psf=gaussian, nsr=0.01)" in shown
    for first, second in (("sharp", "sharp-again"), ("smooth", "smooth-again")):
        assert (tmp_path / f"{first}.npy").read_bytes() == (tmp_path / f"{second}.npy").read_bytes()


def test_large(run_here: Callable[[str], str], tmp_path: Path) -> None:
    pytest.importorskip("dask.array")
    pytest.importorskip("zarr")
    assert "beyond input and output" in run_here("docs/how-to/large.md")


def test_deconvolve(run_here: Callable[[str], str], command: Callable[..., str], tmp_path: Path) -> None:
    command("napari-convolve", "demo")
    shown = run_here("docs/how-to/deconvolve.md")
    assert "noise is stronger than what is there" in shown and "chi-square" in shown
    assert {"sharp.ome.tif", "light.ome.tif"} <= {path.name for path in tmp_path.iterdir()}


def test_fourier(run_here: Callable[[str], str], tmp_path: Path) -> None:
    shown = run_here("docs/how-to/fourier.md")
    assert "explains 100.0000% of the variance" in shown


def test_detect(run_here: Callable[[str], str], tmp_path: Path) -> None:
    shown = run_here("docs/how-to/detect.md")
    assert "Detections: " in shown and "coins.csv: detect_features" in shown
    assert (tmp_path / "coins.csv").read_text() == (tmp_path / "points.csv").read_text()
    assert (tmp_path / "null.png").exists()


def test_ways_of_reading_prints_what_it_says_and_draws_its_pictures(tmp_path: Path) -> None:
    run([sys.executable, str(ROOT / "docs" / "make_readings.py"), str(tmp_path)], tmp_path, tmp_path)
    page = (ROOT / "docs" / "ways-of-reading.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert len(links) >= 12 and page.count("# -> ") >= 35
    for link in links:
        assert (ROOT / "docs" / link).exists(), link
        if link.startswith("images/readings/"):
            assert (tmp_path / Path(link).name).stat().st_size > 2000


@pytest.mark.slow
@pytest.mark.timeout(900)  # it runs pytest twice
def test_extending(tmp_path: Path) -> None:
    shown = run_page("docs/extending.md", tmp_path, ROOT)
    passed = [int(count) for count in re.findall(r"(\d+) passed", shown)]
    assert len(passed) == 2 and min(passed) > 20, "the contract tests know what the page adds"
    assert "window-view on the CPU" in shown and "strict: array_api_strict" in shown
    assert "failed" not in shown
    assert "Kernel('triangle', shape=(3, 3)" in shown
