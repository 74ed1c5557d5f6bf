"""The same on a GPU, beside cupyx.scipy.ndimage, cupyx.scipy.signal, cuCIM and PyTorch on the same card."""
