"""Spectra, filters in the frequency domain, and frequency responses of kernels."""
