"""The Fourier panel."""
