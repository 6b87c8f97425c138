#!/usr/bin/env bash
# An interrupted run has written its time axis further than its states, which netCDF allows.
#
# Expected: the steps that were never written read as missing (NaN) with xarray, since netCDF4-python
#   masks them.
# Seen (2026-11-30; xarray 2026.9.0, netCDF4 1.7.5.1.post1, h5netcdf 1.8.2, h5py
#   3.16.0): xarray masks by an attribute `_FillValue` only. A file of netCDF4-python has none unless
#   it is asked for, so that the steps read as 9.97e36, the default fill value, an ordinary number,
#   with both engines; in a file that h5netcdf has written they read as 0, and nothing can tell them
#   from data.
# Here: tests/test_netcdf.py::test_times_that_were_never_written_are_left_out_and_told
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet xarray==2026.9.0 netCDF4==1.7.5.1.post1 h5netcdf==1.8.2 h5py==3.16.0
cat > look.py <<'PY'
import h5netcdf
import netCDF4
import numpy as np
import xarray as xr

states = 1.0 + np.arange(6.0).reshape(3, 2)
with netCDF4.Dataset("by_netcdf4.nc", "w") as file:
    file.createDimension("time", None)
    file.createDimension("particle", 2)
    file.createVariable("time", "f8", ("time",))[:] = np.arange(5.0)
    file.createVariable("state", "f8", ("time", "particle"))[:3] = states
with h5netcdf.File("by_h5netcdf.nc", "w") as file:
    file.dimensions = {"time": None, "particle": 2}
    time = file.create_variable("time", ("time",), float)
    state = file.create_variable("state", ("time", "particle"), float)
    file.resize_dimension("time", 3)
    state[:] = states
    file.resize_dimension("time", 5)
    time[:] = np.arange(5.0)

with netCDF4.Dataset("by_netcdf4.nc") as file:
    masked = bool(np.ma.getmaskarray(file["state"][3]).all())
print("netCDF4-python masks the steps of its own file:", masked)
found = {}
for name in ("by_netcdf4", "by_h5netcdf"):
    for engine in ("netcdf4", "h5netcdf"):
        with xr.open_dataset(f"{name}.nc", engine=engine) as run:
            found[name, engine] = run.state.values[3, 0], int(run.state.isnull().sum())
        value, missing = found[name, engine]
        print(f"{name}.nc, xarray by {engine}: step 3 reads {value:.4g}, missing {missing}")
same = masked and all(missing == 0 for _, missing in found.values())
same = same and all(found["by_netcdf4", one][0] > 9e36 for one in ("netcdf4", "h5netcdf"))
same = same and all(found["by_h5netcdf", one][0] == 0 for one in ("netcdf4", "h5netcdf"))
print("as seen before" if same else "CHANGED")
raise SystemExit(not same)
PY
env/bin/python look.py
