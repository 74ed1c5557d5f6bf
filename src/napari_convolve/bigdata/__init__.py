"""Images in files: read and written with their axes, voxel size and units."""
