"""Wiener, Richardson-Lucy, Tikhonov-Landweber and registered methods of deconvolution."""
