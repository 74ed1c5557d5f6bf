"""Image files with axes, voxel size and units; Dask arrays."""
