"""The public functions: each validates its arguments and hands over to an operation.

Users and the layers above reach them as attributes of `napari_convolve`, which imports each on first use: a convolution
does not wait for the import of a deconvolution.
"""
