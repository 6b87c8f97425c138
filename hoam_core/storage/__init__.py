"""Datasets on disk: NetCDF and other files, written completely or not at all."""
