"""Take a convolution apart for a reader: patches, theorem, readings."""
