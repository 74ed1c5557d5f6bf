"""Compare deconvolution programs on data with a known truth: ``python -m benchmarks.deconvolution_quality [DATA]``.

Every installed program gets each data set with the best of its own settings (the one with the smallest error, chosen
with knowledge of the truth), and ours also with default settings. Errors are computed after scaling the result to fit
best. DATA is the folder of the larger data sets, by default
NAPARI_CONVOLVE_DATA; with ``--write`` the tables go into docs/deconvolution-quality.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.signal
import tifffile
from skimage import restoration
from skimage.metrics import structural_similarity

import napari_convolve as nc

from ._tables import write_table

ITERATIONS = (5, 10, 20, 40, 80)
WEIGHTS = tuple(10.0 ** np.arange(-5, 1.5, 0.5))


@dataclass(frozen=True)
class Problem:
    """An image, its PSF (odd, its centre in the middle), and the truth, where its beads are, or both."""

    name: str
    image: np.ndarray
    psf: np.ndarray
    truth: np.ndarray | None
    beads: np.ndarray | None = None
    limits: tuple[int, ...] = ITERATIONS
    #: a bead is the region brighter than this fraction of its maximum
    share: float = 0.5


def odd(psf: np.ndarray, center: tuple[int, ...]) -> np.ndarray:
    """Pad a PSF with zeros to odd lengths with its centre in the middle, where all conventions agree."""
    reach = [max(c, n - 1 - c) for c, n in zip(center, psf.shape, strict=True)]
    pad = [(r - c, r - (n - 1 - c)) for r, c, n in zip(reach, center, psf.shape, strict=True)]
    wide = np.pad(psf.astype(np.float64), pad)
    return wide / wide.sum()


def fitting(psf: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The middle of a PSF, no larger than the image."""
    key = []
    for n, m in zip(psf.shape, shape, strict=True):
        keep = min(n, m if m % 2 else m - 1)
        key.append(slice((n - keep) // 2, (n - keep) // 2 + keep))
    part = psf[tuple(key)]
    return part / part.sum()


def problems(data: Path) -> Iterator[Problem]:
    """The data sets."""

    def read(name: str) -> np.ndarray:
        return tifffile.imread(data / name).astype(np.float32)

    bars = read("deconv3d_bars/data.tif")
    psf = fitting(odd(read("deconv3d_bars/kernel.tif"), (16, 32, 32)), bars.shape)
    yield Problem("bars, 3-D (EPFL)", bars, psf, read("deconv3d_bars/actual.tif"))
    square = np.maximum(read("deconv2d_matlab/image_noisy.tif"), 0)
    psf = odd(read("deconv2d_matlab/psf.tif"), (32, 32))
    yield Problem("square, 2-D (MATLAB)", square, psf, read("deconv2d_matlab/ground_truth.tif"))
    cube = read("deconv3d_rfi/gendata_psfconv_poiss.tif")
    psf = odd(read("deconv3d_rfi/psf_rfi_8bit.tif"), (30, 15, 15))
    truth = np.zeros(cube.shape)
    centers = np.loadtxt(data / "deconv3d_rfi/truth_bead_centres.csv", delimiter=",", skiprows=1)
    for corner in np.floor(centers).astype(int):
        truth[tuple(slice(c, c + 2) for c in corner)] = 1
    yield Problem("27 beads, lopsided PSF, 3-D (RFI)", cube, psf, truth, beads=centers, limits=(10, 20, 40))
    yield confocal_beads(data)
    yield worm(read("deconv2d_celegans/celegans.tif"))
    yield edges_scene()


def confocal_beads(data: Path) -> Problem:
    """Four real beads with published centres of mass; the PSF is a Gaussian as wide as one of them."""
    image = tifffile.imread(data / "beads3d_confocal" / "bead_image1_crop.tif").astype(np.float32)
    centers = np.loadtxt(data / "beads3d_confocal" / "published_centres_of_mass.csv", delimiter=",", skiprows=1)
    at = np.round(centers[2]).astype(int)
    part = np.maximum(image[tuple(slice(c - 9, c + 10) for c in at)] - np.median(image), 0)
    part[part < 0.1 * part.max()] = 0
    grid, weight = np.indices(part.shape), part.sum()
    middle = [float((g * part).sum() / weight) for g in grid]
    widths = [float(np.sqrt(((g - m) ** 2 * part).sum() / weight)) for g, m in zip(grid, middle, strict=True)]
    return Problem(
        "4 beads, confocal",
        image,
        nc.kernels.gaussian(sigma=widths, truncate=3).values,
        None,
        beads=centers,
        limits=(10, 20, 40),
        share=0.2,  # with this the centroids in the image are nearest to the published ones
    )


def worm(image: np.ndarray) -> Problem:
    """A gut of C. elegans (Airyscan), taken as the truth, blurred, with 300 photons on average."""
    sharp = np.maximum(image.astype(np.float64) - image.min(), 0)
    psf = nc.kernels.gaussian(sigma=1.5, truncate=4).values
    light = 300 / sharp.mean()
    blurred = np.random.default_rng(0).poisson(light * scipy.signal.fftconvolve(sharp, psf, mode="valid")) / light
    return Problem("C. elegans, 2-D", blurred.astype(np.float32), psf, sharp[6:-6, 6:-6])


def edges_scene() -> Problem:
    """A crop of a blurred photograph, with Poisson noise of 1000 photons."""
    import skimage.data

    sharp = skimage.data.camera()[::2, ::2] / 255 + 0.02
    psf = nc.kernels.gaussian(sigma=3, truncate=10 / 3).values
    blurred = np.random.default_rng(0).poisson(1000 * scipy.signal.fftconvolve(sharp, psf, mode="valid")) / 1000
    return Problem("photograph cut out of a larger one, 2-D", blurred, psf, sharp[10:-10, 10:-10])


Method = Callable[[Problem, Any], np.ndarray]


def methods(problem: Problem) -> dict[str, tuple[Method, tuple[Any, ...]]]:
    """Name, function and the settings to choose from; None is the default."""
    few, weights = problem.limits, WEIGHTS
    found: dict[str, tuple[Method, tuple[Any, ...]]] = {
        "ours: wiener, as it comes": (lambda p, _: nc.wiener(p.image, p.psf), (None,)),
        "ours: wiener": (lambda p, w: nc.wiener(p.image, p.psf, nsr=w), weights),
        "ours: richardson_lucy, stop='auto'": (
            lambda p, _: nc.richardson_lucy(p.image, p.psf, stop="auto", iterations=max(few)),
            (None,),
        ),
        "ours: richardson_lucy": (lambda p, n: nc.richardson_lucy(p.image, p.psf, iterations=n), few),
        "ours: richardson_lucy, tv": (
            lambda p, s: nc.richardson_lucy(p.image, p.psf, iterations=s[0], tv=s[1]),
            tuple((n, tv) for n in few[1:] for tv in (0.003, 0.01, 0.03)),
        ),
        "ours: landweber": (lambda p, n: nc.landweber(p.image, p.psf, iterations=n), few),
        "scikit-image: wiener": (
            lambda p, w: restoration.wiener(p.image, p.psf, w, clip=False),
            weights,
        ),
        "scikit-image: richardson_lucy": (
            lambda p, n: restoration.richardson_lucy(p.image, p.psf, num_iter=n, clip=False),
            few,
        ),
    }
    if problem.image.ndim == 2:
        found["scikit-image: unsupervised_wiener"] = (
            lambda p, _: restoration.unsupervised_wiener(p.image, p.psf, clip=False, rng=0)[0],
            (None,),
        )
    if importlib.util.find_spec("RedLionfishDeconv") and problem.image.ndim == 3:
        found["RedLionfish"] = (_lionfish, few)
    if importlib.util.find_spec("SimpleITK"):
        found["SimpleITK: RichardsonLucy"] = (lambda p, n: _itk("RichardsonLucyDeconvolution", p, n), few[:4])
        found["SimpleITK: Wiener"] = (lambda p, w: _itk("WienerDeconvolution", p, w), weights)
        found["SimpleITK: Tikhonov"] = (lambda p, w: _itk("TikhonovDeconvolution", p, w), weights)
        found["SimpleITK: Landweber"] = (lambda p, n: _itk("ProjectedLandweberDeconvolution", p, 1.0, n), few[:4])
    return found


def _lionfish(problem: Problem, iterations: int) -> np.ndarray:
    import RedLionfishDeconv

    return RedLionfishDeconv.doRLDeconvolutionFromNpArrays(
        problem.image.astype(np.float32),
        problem.psf.astype(np.float32),
        niter=iterations,
        method="cpu",
        resAsUint8=False,
    )


def _itk(name: str, problem: Problem, *settings: Any) -> np.ndarray:
    import SimpleITK

    image, psf = (SimpleITK.GetImageFromArray(a.astype(np.float32)) for a in (problem.image, problem.psf))
    if name.startswith(("Rich", "Proj")):
        method = getattr(SimpleITK, f"{name}ImageFilter")()
        method.SetNumberOfIterations(int(settings[-1]))
        method.NormalizeOn()
        method.SetBoundaryCondition(method.ZERO_FLUX_NEUMANN_PAD)
    else:
        method = getattr(SimpleITK, f"{name}ImageFilter")()
        (method.SetNoiseVariance if name.startswith("W") else method.SetRegularizationConstant)(float(settings[0]))
        method.NormalizeOn()
        method.SetBoundaryCondition(method.ZERO_FLUX_NEUMANN_PAD)
    return SimpleITK.GetArrayFromImage(method.Execute(image, psf))


@dataclass(frozen=True)
class Score:
    """Of one result; `beads` is the largest distance of a bead from where it is."""

    psnr: float
    ssim: float
    edge: float
    beads: float
    seconds: float
    setting: Any

    def better(self, other: Score | None) -> bool:
        """Whether the error is smaller; the positions of beads count when there is no true image."""
        if other is None:
            return True
        return self.beads < other.beads if math.isnan(self.psnr) else self.psnr > other.psnr

    def row(self, name: str) -> str:
        beads = "" if np.isnan(self.beads) else f"{self.beads:.2f}"
        setting = "" if self.setting is None else str(self.setting)
        if isinstance(self.setting, float):
            setting = f"{self.setting:.2g}"
        errors = " |  | " if math.isnan(self.psnr) else f"{self.psnr:.2f} | {self.ssim:.3f} | {self.edge:.4f}"
        return f"| {name} | {setting} | {errors} | {beads} | {self.seconds:.1f} |"


def score(problem: Problem, found: np.ndarray, seconds: float, setting: Any) -> Score:
    """Compare a result with the truth, whatever its scale."""
    distance = float("nan")
    if problem.beads is not None:
        distance = max(float(np.linalg.norm(_centroid(found, at, problem.share) - at)) for at in problem.beads)
    if problem.truth is None:
        return Score(math.nan, math.nan, math.nan, distance, seconds, setting)
    truth = problem.truth
    found = np.nan_to_num(np.asarray(found, dtype=np.float64))
    size = float(np.sum(found * found))
    found = found * (float(np.sum(found * truth)) / size if size > 0 else 0)
    span = float(np.ptp(truth))
    outer = np.ones(truth.shape, bool)
    outer[tuple(slice(max(n // 10, 1), n - max(n // 10, 1)) for n in truth.shape)] = False
    return Score(
        psnr=float(10 * np.log10(span**2 / np.mean((found - truth) ** 2))),
        ssim=float(structural_similarity(truth, found, data_range=span)),
        edge=float(np.abs(found - truth)[outer].mean() / span),
        beads=distance,
        seconds=seconds,
        setting=setting,
    )


def _centroid(found: np.ndarray, at: np.ndarray, share: float, reach: int = 6) -> np.ndarray:
    low = [max(0, round(a) - reach) for a in at]
    part = found[tuple(slice(lo, round(a) + reach + 1) for lo, a in zip(low, at, strict=True))]
    part = np.where(part > share * part.max(), part, 0)
    return np.asarray(scipy.ndimage.center_of_mass(part)) + low


def compare(problem: Problem) -> Iterator[str]:
    """The lines of a table."""
    yield f"**{problem.name}**, {'x'.join(map(str, problem.image.shape))}\n"
    yield "| program | best setting | PSNR dB | SSIM | edge error | beads off by | seconds |"
    yield "|---|---|---|---|---|---|---|"
    yield score(problem, problem.image, 0.0, None).row("the image as it is")
    for name, (function, settings) in methods(problem).items():
        best: Score | None = None
        for setting in settings:
            start = time.perf_counter()
            try:
                found = function(problem, setting)
            except Exception as error:  # noqa: BLE001 - other programs raise any kind of error
                yield f"| {name} | {setting} | {type(error).__name__}: {str(error).splitlines()[0][:60]} | | | | |"
                break
            now = score(problem, found, time.perf_counter() - start, setting)
            if now.better(best):
                best = now
        if best is not None:
            yield best.row(name)


def main() -> None:
    """Print the tables, and write them into the page when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "data", nargs="?", default=os.environ.get("NAPARI_CONVOLVE_DATA"), help="folder of the data sets"
    )
    parser.add_argument("--write", action="store_true", help="into docs/deconvolution-quality.md")
    parser.add_argument("--only", help="sets whose name holds this")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name the folder of the data sets")
    warnings.simplefilter("ignore")
    for problem in problems(Path(options.data)):
        if options.only and options.only not in problem.name:
            continue
        lines = []
        for line in compare(problem):
            print(line, flush=True)
            lines.append(line)
        if options.write:
            write_table(problem.name, lines)


if __name__ == "__main__":
    main()
