"""The command line: exit status, one-line errors, machine-readable output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_convolve import __version__, kernels
from napari_convolve.cli import run

BOX = ("--kernel", "box", "-p", "size=3")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    np.save(tmp_path / "a.npy", np.arange(5 * 6 * 7, dtype="f4").reshape(5, 6, 7))
    return tmp_path / "a.npy"


def test_version_and_help(cli) -> None:
    assert cli("--version").out == f"napari-convolve {__version__}\n"
    for words in ([], ["--help"]):
        listed = cli(*words)
        assert listed.status == 0
        for command in ("convolve", "correlate", "kernel", "plan", "backends", "demo"):
            assert f"\n  {command} " in listed.out
    shown = cli("convolve", "--help").out
    for words in ("--boundary <reflect|mirror|nearest|wrap|constant>", "--max-memory", "scipy.ndimage's names"):
        assert words in shown


def test_the_report_is_a_line_on_stdout(cli, image: Path, tmp_path: Path) -> None:
    result = cli("convolve", image, tmp_path / "b.npy", *BOX, "--method", "direct")
    assert result.out.startswith(f"{tmp_path / 'b.npy'}: convolve · direct on the CPU · ")
    assert result.out.count("\n") == 1
    result = cli("convolve", image, tmp_path / "b.npy", *BOX, "--method", "fft", "--overwrite", "--json")
    report = json.loads(result.out)
    assert (report["method"], report["backend"], report["operation"]) == ("fft", "numpy", "convolve")
    assert report["seconds"] > 0
    result = cli("convolve", image, tmp_path / "b.npy", *BOX, "--overwrite", "--quiet")
    assert (result.out, result.err) == ("", "")


def test_plan_computes_nothing(cli, image: Path) -> None:
    shown = cli("plan", image, *BOX, "--method", "fft")
    assert shown.out.startswith("fft on the CPU, tiles of ")
    shown = cli("plan", "64x2048x2048:uint16", "--kernel", "gaussian", "-p", "sigma=2,4,4", "--json")
    assert json.loads(shown.out)["method"] in ("direct", "separable", "multirate", "fft", "overlap-save")
    assert cli("plan", "64x2048:text", *BOX).status == 2
    assert cli("plan", "64", *BOX).status == 2  # two axes are needed
    assert cli("plan", image, *BOX, "--operation", "smooth").status == 2


def test_backends(cli) -> None:
    assert cli("backends").out.startswith("numpy: CPU")
    assert [info["name"] for info in json.loads(cli("backends", "--json").out)][:2] == ["numpy", "cupy"]


def test_kernel_is_listed_shown_and_saved(cli, tmp_path: Path) -> None:
    listed = cli("kernel").out
    assert [line.partition("(")[0] for line in listed.splitlines()] == list(kernels.names())
    shown = cli("kernel", "sobel").out.splitlines()
    assert shown[1:] == ["1 0 -1", "2 0 -2", "1 0 -1"]
    assert cli("kernel", "sobel", "-p", "ndim=3").out.count("\n\n") == 2
    target = tmp_path / "k.json"
    assert cli("kernel", "gaussian", target, "-p", "sigma=2").status == 0
    assert kernels.Kernel.load(target) == kernels.gaussian(sigma=2)
    assert "exists" in cli("kernel", "box", target, "-p", "size=3").err
    assert cli("kernel", "box", target, "-p", "size=3", "--overwrite").status == 0
    assert kernels.Kernel.load(target) == kernels.box(size=3)
    assert cli("kernel", "box", tmp_path / "k.xyz", "-p", "size=3").status == 1
    assert cli("kernel", "gaussian", tmp_path / "k.csv", "-p", "sigma=2", "-p", "ndim=3").status == 1


def test_kernel_parameters_and_files_agree(cli, image: Path, tmp_path: Path) -> None:
    kernels.gaussian(sigma=(1, 2, 2)).save(tmp_path / "k.json")
    np.save(tmp_path / "k.npy", kernels.gaussian(sigma=(1, 2, 2)).values)
    results = []
    for words in (["gaussian", "-p", "sigma=1,2,2"], [tmp_path / "k.json"], [tmp_path / "k.npy"]):
        assert cli("convolve", image, tmp_path / "b.npy", "--overwrite", "--kernel", *words).status == 0
        results.append(np.load(tmp_path / "b.npy"))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)
    np.testing.assert_allclose(results[2], results[0], rtol=1e-5)


WRONG = [
    (["--kernel", "gausian"], "--kernel 'gausian' is no file; the kernels are "),
    (["--kernel", "gaussian"], "sigma"),
    (["--kernel", "gaussian", "-p", "sigma"], "-p 'sigma' must read key=value"),
    (["--kernel", "gaussian", "-p", "sigma="], "must read key=value"),
    (["--kernel", "gaussian", "-p", "sigma=1", "-p", "sigma=2"], "-p sigma is given twice"),
    (["--kernel", "gaussian", "-p", "sigm=1"], "no parameter 'sigm'"),
    (["--kernel", "gaussian", "-p", "sigma=two"], "must be a number"),
    (["--kernel", "gaussian", "-p", "sigma=-1"], "must be at least 0"),
    (["--kernel", "gaussian", "-p", "sigma=nan"], "must be finite"),
    (["--kernel", "gaussian", "-p", "sigma=1e400"], "must be finite"),
    (
        ["--kernel", "gaussian", "-p", "sigma=1,2,3,4"],
        "the kernel has 4 axes, the spatial axes of the image are: z y x",
    ),
    (["--kernel", "custom", "-p", "values=__import__('os').system('touch PWNED')"], "is not a number"),
    (["--kernel", "custom", "-p", "values=1/0,1"], "divides by zero"),
    (["--kernel", ""], "--kernel"),
    ([*BOX, "--boundary", "reflecct"], "'reflecct' is not one of 'reflect'"),
    ([*BOX, "--method", "magic"], "--method"),
    ([*BOX, "--shape", "valid", "-p", "ndim=3", "--origin", "1"], "origin"),
    ([*BOX, "--shape", "Valid"], "--shape"),
    ([*BOX, "--origin", "7"], "origin=7 is out of range"),
    ([*BOX, "--origin", "1.5"], "--origin"),
    ([*BOX, "--axes", "tq"], "no axis 't'; its axes are z y x"),
    ([*BOX, "--axes", "x"], "axes"),
    ([*BOX, "--cval", "nan"], "cval"),
    ([*BOX, "--cval", "zero"], "--cval"),
    ([*BOX, "--dtype", "foo"], "--dtype"),
    ([*BOX, "--dtype", "S3"], "dtype"),
    ([*BOX, "--workers", "0"], "workers=0"),
    ([*BOX, "--workers", "-7"], "workers=-7"),
    ([*BOX, "--workers", "2,5"], "--workers"),
    ([*BOX, "--max-memory", "lots"], "max_memory='lots'"),
    ([*BOX, "--backend", "gpu"], "--backend"),
    ([*BOX, "--nope"], "--nope"),
    ([*BOX, "--mask"], "--mask"),
    ([*BOX, "surplus"], "surplus"),
    ([], "--kernel"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG)
def test_wrong_arguments_are_named_in_one_line_with_status_2(
    cli, image: Path, tmp_path: Path, words: list[str], sentence: str
) -> None:
    failed = cli("convolve", image, tmp_path / "b.npy", *words)
    assert failed.status == 2
    assert failed.out == ""
    assert failed.err.startswith("napari-convolve: error: ")
    assert failed.err.count("\n") == 1
    assert sentence in failed.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy"]
    assert not Path("PWNED").exists()


def test_missing_and_empty_arguments(cli, image: Path) -> None:
    assert cli("convolve").status == 2
    assert cli("convolve", image, "", *BOX).status == 2
    assert cli("nothing").status == 2


def test_files_that_fail_have_status_1(cli, image: Path, tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("hello")
    (tmp_path / "k.json").write_text("[[1, 2], [3]]")
    (tmp_path / "old.npy").write_bytes(b"old")
    cases = [
        ([tmp_path / "nope.tif", tmp_path / "b.npy", *BOX], "no such file"),
        ([tmp_path / "text.tif", tmp_path / "b.npy", *BOX], "not a readable TIFF"),
        ([tmp_path, tmp_path / "b.npy", *BOX], "is a folder"),
        (["-", tmp_path / "b.npy", *BOX], "no such file"),
        ([image, tmp_path / "b.xyz", *BOX], "the formats are"),
        ([image, tmp_path / "no" / "b.npy", *BOX], "no such folder"),
        ([image, tmp_path / "old.npy", *BOX], "exists"),
        ([image, image, *BOX, "--overwrite"], "is an input"),
        ([image, tmp_path / "b.png", *BOX], "a PNG holds one plane"),
        ([image, tmp_path / "b.ome.tif", *BOX, "--dtype", "int64"], "OME-TIFF cannot hold int64"),
        ([image, tmp_path / "b.npy", "--kernel", tmp_path / "k.json"], "k.json"),
        ([image, tmp_path / "b.npy", "--kernel", tmp_path / "k.npy"], "no such file"),
        ([image, tmp_path / "b.npy", *BOX, "--mask", tmp_path / "nope.png"], "no such file"),
    ]
    before = sorted(path.name for path in tmp_path.iterdir())
    for words, sentence in cases:
        failed = cli("convolve", *words)
        assert (failed.status, failed.err.count("\n")) == (1, 1), failed
        assert sentence in failed.err
        assert failed.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "old.npy").read_bytes() == b"old"


def test_data_that_cannot_be_as_asked_have_status_1(cli, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((5, 6), np.nan))
    failed = cli("convolve", tmp_path / "a.npy", tmp_path / "b.npy", *BOX, "--dtype", "uint8")
    assert failed.status == 1
    assert "NaN" in failed.err
    assert not (tmp_path / "b.npy").exists()


def test_a_backend_that_is_not_there_says_why(cli, image: Path, tmp_path: Path) -> None:
    if "not available" not in cli("backends").out:
        pytest.skip("every backend is available here")
    failed = cli("convolve", image, tmp_path / "b.npy", *BOX, "--backend", "cupy")
    assert failed.status == 1
    assert "cupy" in failed.err


def test_odd_names_and_the_double_dash(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("-x.npy", np.ones((4, 5)))
    assert cli("convolve", *BOX, "--", "-x.npy", "-y.npy").status == 0
    assert Path("-y.npy").exists()
    failed = cli("convolve", "line\nbreak \x1b[31m.tif", "b.npy", *BOX)
    assert failed.err.count("\n") == 1
    assert "\x1b" not in failed.err


def test_results_saturate_and_inputs_stay(cli, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((9, 9), 200, "u1"))
    before = (tmp_path / "a.npy").read_bytes()
    words = ["--kernel", "custom", "-p", "values=1 1 1; 1 1 1; 1 1 1"]
    assert cli("convolve", tmp_path / "a.npy", tmp_path / "b.npy", *words).status == 0
    assert cli("convolve", tmp_path / "a.npy", tmp_path / "c.npy", *words, "--dtype", "uint8").status == 0
    np.testing.assert_allclose(np.load(tmp_path / "b.npy"), 1800)
    assert np.load(tmp_path / "c.npy").dtype == np.uint8
    assert (np.load(tmp_path / "c.npy") == 255).all()
    assert (tmp_path / "a.npy").read_bytes() == before


def python(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, **options)


def test_a_bare_environment_without_utf8(tmp_path: Path, image: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "TZ": "Nowhere/Odd"}
    source = tmp_path / "ü.npy"
    source.write_bytes(image.read_bytes())
    done = python("-m", "napari_convolve", "convolve", source, tmp_path / "ö.npy", *BOX, env=environment, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    assert (tmp_path / "ö.npy").exists()
    assert "\x1b" not in done.stdout + done.stderr


def test_debug_shows_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["convolve", str(tmp_path / "no.tif"), str(tmp_path / "b.npy"), *BOX, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_line(cli, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((5, 6), 2**60 + 1))
    done = cli("convolve", tmp_path / "a.npy", tmp_path / "b.npy", *BOX)
    assert done.status == 0
    warned = [line for line in done.err.splitlines() if line.startswith("napari-convolve: warning: ")]
    assert len(warned) == 1


def test_output_closed_by_its_reader(tmp_path: Path) -> None:
    script = f"{sys.executable} -m napari_convolve kernel gaussian -p sigma=3 | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=900)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert done.returncode in (0, 1, 141)
