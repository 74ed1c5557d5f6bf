"""Panels of one file each."""
