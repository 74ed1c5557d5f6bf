"""Wiener, Richardson-Lucy and registered methods of deconvolution."""

from __future__ import annotations

from . import algorithms as algorithms  # which registers the methods of one function
