"""The Deconvolve panel: PSF, method, quality."""
