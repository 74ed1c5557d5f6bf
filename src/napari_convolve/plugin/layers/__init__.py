"""napari layers in and out: data, geometry, appearance and recorded recipes."""
