"""Quality of ``wiener(nsr="auto")``: ``python -m benchmarks.noise_scenes``.

96 scenes: six images of scikit-image x four PSFs x four levels of noise, cropped to where the blur is fully known. Each
method's PSNR over the whole field is compared with that of an oracle, which picks the best constant of either family of
regularization with knowledge of the truth. The model was developed on the images of `TUNED`; the others are held out. A
table of 3-D scenes follows.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.signal
import skimage.data
from skimage import restoration

import napari_convolve as nc

from ._tables import write_table

IMAGES = ("camera", "coins", "moon", "page", "clock", "cell")
TUNED = ("camera", "page", "clock")
NOISES = (0.002, 0.005, 0.02, 0.05)
CONSTANTS = np.logspace(-6, 1, 22)
FAMILIES = ("identity", "laplacian")


@dataclass(frozen=True)
class Scene:
    """A blurred image with noise, its PSF, and the true image."""

    name: str
    image: np.ndarray
    psf: np.ndarray
    sharp: np.ndarray
    tuned: bool

    def psnr(self, found: np.ndarray) -> float:
        """Peak signal (1) to noise in dB, over the whole field."""
        return float(-10 * np.log10(np.mean((found - self.sharp) ** 2)))


def gaussian(size: int, sigma: float, ndim: int = 2) -> np.ndarray:
    """Point samples of a Gaussian in a square or cube."""
    return nc.kernels.gaussian(sigma=sigma, truncate=(size // 2) / sigma, ndim=ndim).values


def psfs() -> dict[str, np.ndarray]:
    """The four blurs."""
    motion = np.zeros((15, 15))
    motion[7] = 1 / 15
    y, x = np.mgrid[-4:5, -4:5]
    disk = (y**2 + x**2 <= 16) * 1.0
    return {"gaussian 2": gaussian(17, 2), "gaussian 3": gaussian(21, 3), "motion": motion, "disk": disk / disk.sum()}


def scenes() -> Iterator[Scene]:
    """All 96 scenes."""
    for name, (blur, psf), noise in itertools.product(IMAGES, psfs().items(), NOISES):
        sharp = getattr(skimage.data, name)()[:512, :512] / 255.0
        image = scipy.signal.fftconvolve(sharp, psf, mode="valid")
        image = image + noise * np.random.default_rng(1).standard_normal(image.shape)
        yield Scene(f"{name}, {blur}, {noise}", image, psf, _inside(sharp, psf, image.shape), name in TUNED)


def volumes() -> Iterator[Scene]:
    """Stacks of blobs, shells and rods, blurred by an elongated PSF, with Poisson or white noise."""
    rng = np.random.default_rng(7)
    grid = np.stack(np.meshgrid(*map(np.arange, (48, 128, 128)), indexing="ij"))
    psf = gaussian(17, 3, 3) * 0
    z, y, x = np.mgrid[-8:9, -8:9, -8:9]
    width = 1.2 + 0.25 * np.abs(z)
    psf = np.exp(-(x**2 + y**2) / (2 * width**2) - z**2 / (2 * 3.0**2)) / width**2
    psf /= psf.sum()
    blobs, shells, rods = (np.zeros(grid.shape[1:]) for _ in range(3))
    for _ in range(60):
        distance = np.sqrt(sum((g - c) ** 2 for g, c in zip(grid, rng.random(3) * blobs.shape, strict=True)))
        radius = rng.uniform(3, 10)
        blobs += rng.random() * (distance < radius)
        shells += rng.random() * (np.abs(distance - radius) < 1)
    for _ in range(200):
        start, step = rng.random(3) * rods.shape, rng.standard_normal(3)
        line = (start + np.linspace(-20, 20, 80)[:, None] * step / np.linalg.norm(step)).astype(int)
        line = line[((line >= 0) & (line < rods.shape)).all(axis=1)]
        rods[tuple(line.T)] += rng.random()
    for (name, sharp), light in itertools.product(
        (("blobs", blobs), ("shells", shells), ("rods", rods)), (None, 30.0, 300.0)
    ):
        sharp = scipy.ndimage.gaussian_filter(sharp, 0.7)
        sharp = sharp / sharp.max() + 0.02
        blurred = scipy.signal.fftconvolve(sharp, psf, mode="valid")
        if light is None:
            image = blurred + 0.01 * rng.standard_normal(blurred.shape)
        else:
            image = rng.poisson(light * np.maximum(blurred, 0)) / light
        kind = "white 0.01" if light is None else f"Poisson, {light:g} photons"
        yield Scene(f"{name}, {kind}", image, psf, _inside(sharp, psf, image.shape), False)


def _inside(sharp: np.ndarray, psf: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return sharp[tuple(slice(n // 2, n // 2 + m) for n, m in zip(psf.shape, shape, strict=True))]


def oracle(scene: Scene) -> float:
    """The best constant of both families."""
    return max(
        scene.psnr(nc.wiener(scene.image, scene.psf, nsr=nsr, regularization=family))
        for family in FAMILIES
        for nsr in CONSTANTS
    )


def unsupervised(scene: Scene) -> np.ndarray:
    """scikit-image's estimator, for the image as it is."""
    return restoration.unsupervised_wiener(scene.image, scene.psf, clip=False, rng=0)[0]


def unsupervised_padded(scene: Scene) -> np.ndarray:
    """scikit-image's estimator on an image padded by a ramp two PSFs long, which gives its best results."""
    pad = [(2 * n, 2 * n) for n in scene.psf.shape]
    padded = np.pad(scene.image - scene.image.mean(), pad, mode="linear_ramp")
    found = restoration.unsupervised_wiener(padded, scene.psf, clip=False, rng=0)[0]
    return found[tuple(slice(a, -b) for a, b in pad)] + scene.image.mean()


def constant(nsr: float, family: str) -> Callable[[Scene], np.ndarray]:
    """The method with a fixed constant."""
    return lambda scene: nc.wiener(scene.image, scene.psf, nsr=nsr, regularization=family)


def noise_over_signal(scene: Scene) -> np.ndarray:
    """The estimated noise variance over the variance of the image."""
    noise = nc.estimate_noise(scene.image, scene.psf).noise
    return nc.wiener(scene.image, scene.psf, nsr=noise**2 / scene.image.var())


def methods(ndim: int) -> dict[str, Callable[[Scene], np.ndarray]]:
    """All methods that are compared."""
    found: dict[str, Callable[[Scene], np.ndarray]] = {
        "nsr='auto'": lambda scene: nc.wiener(scene.image, scene.psf),
        "nsr=noise/variance": noise_over_signal,
        "nsr=0.001": constant(0.001, "identity"),
        "nsr=0.01": constant(0.01, "identity"),
        "nsr=0.1": constant(0.1, "identity"),
        "nsr=0.01, laplacian": constant(0.01, "laplacian"),
        "nsr=0.1, laplacian": constant(0.1, "laplacian"),
    }
    if ndim == 2:
        found["scikit-image unsupervised_wiener"] = unsupervised
        found["the same, padded"] = unsupervised_padded
    return found


def table(found: list[Scene], verbose: bool) -> Iterator[str]:
    """Table rows: the difference of each method from the oracle."""
    best = [oracle(scene) for scene in found]
    yield "| method | images | mean dB | within 0.2 dB | worst dB | best dB |"
    yield "|---|---|---|---|---|---|"
    for name, method in methods(found[0].image.ndim).items():
        apart = np.array([scene.psnr(method(scene)) - b for scene, b in zip(found, best, strict=True)])
        groups = {"all": np.ones(len(found), bool)}
        if any(scene.tuned for scene in found):
            groups |= {
                "tuned on": np.array([s.tuned for s in found]),
                "held out": np.array([not s.tuned for s in found]),
            }
        for group, chosen in groups.items():
            d = apart[chosen]
            share = 100 * np.mean(d >= -0.2)
            yield f"| {name} | {group} | {d.mean():+.2f} | {share:.0f} % | {d.min():+.2f} | {d.max():+.2f} |"
        if verbose and name == "nsr='auto'":
            for scene, a, b in zip(found, apart, best, strict=True):
                yield f"    {scene.name}: oracle {b:.2f} dB, auto {a:+.2f}"


TABLES: dict[str, Callable[[], Iterator[Scene]]] = {"planes": scenes, "volumes": volumes}


def main() -> None:
    """Print the tables, and write them into the page when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=list(TABLES), help="planes, volumes; both by default")
    parser.add_argument("-v", "--verbose", action="store_true", help="every scene")
    parser.add_argument("--write", action="store_true", help="into docs/deconvolution-quality.md")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in options.tables:
        lines = []
        for line in table(list(TABLES[name]()), options.verbose):
            print(line, flush=True)
            lines.append(line)
        if options.write:
            write_table(name, lines)


if __name__ == "__main__":
    main()
