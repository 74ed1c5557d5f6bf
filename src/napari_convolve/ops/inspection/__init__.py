"""Show how a convolution works: windows, the convolution theorem, applications."""
