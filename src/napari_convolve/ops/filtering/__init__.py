"""Convolution and correlation of an image with kernels, and the estimate of a kernel from its result."""
