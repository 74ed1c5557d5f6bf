"""psf, psf-from-beads, check-psf."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.cli import run

BEADS = Path(__file__).parents[1] / "data" / "beads3d_confocal" / "bead_image1_crop.tif"


def test_a_model_is_listed_shown_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["psf"]) == 0
    assert "gibson_lanni(na, wavelength" in capsys.readouterr().out
    target = tmp_path / "psf.ome.tif"
    words = [
        "psf",
        "confocal",
        str(target),
        "-p",
        "na=1.2",
        "-p",
        "refractive_index=1.33",
        "-p",
        "spacing=0.2,0.08,0.08",
    ]
    assert run(words) == 0
    assert "FWHM" in capsys.readouterr().out
    assert nc.Kernel.load(target) == nc.kernels.confocal(na=1.2, refractive_index=1.33, spacing=(0.2, 0.08, 0.08))
    assert run(words) == 1, "it is there already"
    assert run(["psf", "sobel"]) == 2
    assert run(["psf", "airy", "-p", "wavelength=0.488"]) == 2
    assert "looks like µm" in capsys.readouterr().err


def test_beads_to_a_psf_that_is_checked_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    psf, points = tmp_path / "psf.npz", tmp_path / "points.csv"
    assert run(["psf-from-beads", str(BEADS), str(psf), "--size", "19,31,31"]) == 0
    said = capsys.readouterr().out
    assert "PSF from 4 of 4 beads" in said and "um" in said
    made = nc.Kernel.load(psf)
    assert made.shape == (19, 31, 31) and made.units == "um"
    assert made.spacing == pytest.approx((0.125, 0.0225, 0.0225), rel=1e-3)
    points.write_text("z,y,x\n23.3,73.0,30.1\n23.3,111.6,44.3\n")
    assert run(["psf-from-beads", str(BEADS), str(psf), "--overwrite", "--points", str(points)]) == 0
    assert "of 2 beads" in capsys.readouterr().out
    assert run(["check-psf", str(psf), "--image", str(BEADS)]) in (0, 1)
    assert (
        run(["richardson_lucy", str(BEADS), str(tmp_path / "sharp.tif"), "--psf", str(psf), "--iterations", "2"]) == 0
    )
    points.write_text("z,y,x\n1,2\n3,nothing\n")
    assert run(["psf-from-beads", str(BEADS), str(psf), "--overwrite", "--points", str(points)]) == 1


def test_a_spoilt_psf_is_told_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good = tmp_path / "bad.npz", tmp_path / "good.npz"
    values = nc.kernels.gaussian(sigma=2).values
    nc.Kernel(np.roll(values, 2, 0) + 0.01 * values.max()).save(bad)
    assert run(["check-psf", str(bad)]) == 1
    said = capsys.readouterr().out
    assert "off centre" not in said and "warning: the bright core lies (+2.00" in said and "background" in said
    assert run(["check-psf", str(bad), "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert not record["ok"] and {f["name"] for f in record["findings"]} >= {"off centre", "background"}
    assert run(["check-psf", str(bad), "--fix", str(good)]) == 0
    assert "moved by (-2.00" in capsys.readouterr().out
    assert run(["check-psf", str(good)]) == 0
    assert "nothing is wrong" in capsys.readouterr().out
    holes = tmp_path / "holes.npy"
    np.save(holes, np.where(np.eye(17) * (values > 0.01), np.nan, values))
    assert run(["check-psf", str(holes)]) == 1
    assert "NaN" in capsys.readouterr().out
    assert run(["check-psf", "gaussian", "-p", "sigma=2"]) == 0
    assert run(["check-psf", str(tmp_path / "nothing.tif")]) == 1
