"""Estimate noise and signal spectra from one image."""
