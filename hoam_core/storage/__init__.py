"""Datasets on disks: NetCDF and Zarr, written whole or not at all."""
