"""Plots drawn with QPainter."""
