"""Estimate noise and signal spectra from one image."""

from ..._moved import keep_old_names

keep_old_names("ops.noise")
