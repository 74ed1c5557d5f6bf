"""The same benchmarks on a GPU, compared with cupyx.scipy.ndimage, cupyx.scipy.signal, cuCIM and PyTorch."""
