"""Contracts: what holds for every kernel, boundary, backend and method, old and new.

The tests read the registries when they are collected, so that whatever is registered is tested
unasked. The numbered files are the gates of numerical correctness:

1. ``same`` equals scipy.ndimage on the float image, everywhere.
2. Kernels larger than the image, one pixel, axes of size zero.
7. A NaN or masked sample changes its own windows only.
8. No integer wraps; ``dtype=`` rounds and saturates.
9. Tiles and Dask chunks change nothing.
12. Every backend gives what the CPU gives, for every option.
13. The algebra of convolution.
14. GNU Octave's tables.

``reference`` is the brute-force truth, ``standin`` a GPU that is none, ``matrix`` what is multiplied.
``pytest -m exhaustive`` runs the whole matrix of gate 1 instead of a sample.
"""
