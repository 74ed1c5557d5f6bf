"""Point spread functions by the packages psf and psfmodels, along r and z, for the tests: peak 1.

Run with ``pip install psf==2026.1.18 psfmodels==0.3.3`` in an environment of their own: neither is needed otherwise.
"""

from pathlib import Path

import numpy as np
import psf
import psfmodels

TYPES = {"emission": "EMISSION", "two_photon": "TWOPHOTON", "confocal": "CONFOCAL"}


def by_psfmodels(z, dxy, wavelength, depth, **media):
    media = {"ni0": media["ni"], "ng": media["ni"], "ng0": media["ni"], "tg": 170, "tg0": 170, "ti0": 150, **media}
    volume = psfmodels.scalar_psf(z, 61, dxy, depth, wavelength, {**media, "sf": 1}, normalize=False)
    found = volume[:, 30, 30:].astype(np.float64)
    return found / found.max()


def by_psf(kind, **options):
    flags = psf.PsfType.ISOTROPIC | getattr(psf.PsfType, TYPES[kind])
    made = psf.PSF(flags, shape=(31, 31), dims=(30.0, 6.0), ex_wavelen=488, em_wavelen=520, **options)
    return np.asarray(made.data) / np.max(made.data)


if __name__ == "__main__":
    kept = {
        "psfmodels_matched": by_psfmodels(np.linspace(-1, 1, 21), 0.04, 0.52, 0.0, NA=1.2, ni=1.33, ns=1.33),
        "psfmodels_depth": by_psfmodels(np.linspace(-6, 10, 161), 0.04, 0.52, 5.0, NA=1.2, ni=1.515, ns=1.33),
        **{
            f"psf_{kind}": by_psf(kind, num_aperture=0.3, refr_index=1.0, underfilling=0.01, pinhole_radius=1.0578)
            for kind in TYPES
        },
    }
    np.savez_compressed(Path(__file__).with_name("peers.npz"), **{k: v.astype(np.float32) for k, v in kept.items()})
