#!/usr/bin/env bash
# Plasma units: lengths in Debye lengths, times in inverse plasma frequencies, so that speeds are in
# units of the thermal speed, v_th = lambda_D omega_p.
#
# Expected: PlasmaPy's `thermal_speed` is its `Debye_length` times its `plasma_frequency`.
# Seen (2026-11-30; plasmapy 2025.8.0): it is larger by the root of two, because its default is the
#   most probable speed of a Maxwellian in three dimensions, sqrt(2 k T / m), while the Debye length
#   goes by sqrt(k T / m). Velocities that are divided by it are too small by that factor, and a
#   distribution of unit width has a width of 0.71. None of the three values of `method` that it
#   takes is sqrt(k T / m) in three dimensions; `method="rms", ndim=1` is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet plasmapy==2025.8.0
cat > look.py <<'PY'
import warnings

warnings.simplefilter("ignore")
import astropy.units as u
from plasmapy.formulary import Debye_length, plasma_frequency, thermal_speed

temperature, density = 1e6 * u.K, 1e18 * u.m**-3
angles = u.dimensionless_angles()
product = (Debye_length(temperature, density) * plasma_frequency(density, "e-")).to(
    u.m / u.s, equivalencies=angles
)
ratios = {}
for method in ("most_probable", "rms", "mean_magnitude"):
    for dimensions in (1, 3):
        speed = thermal_speed(temperature, "e-", method=method, ndim=dimensions)
        ratios[method, dimensions] = float(speed / product)
        print(f"{method}, ndim={dimensions}: {ratios[method, dimensions]:.4f} lambda_D omega_p")
default = float(thermal_speed(temperature, "e-") / product)
print(f"default: {default:.4f} lambda_D omega_p")
same = abs(default - 2**0.5) < 1e-4 and abs(ratios["rms", 1] - 1) < 1e-4
same = same and all(abs(ratios[method, 3] - 1) > 0.1 for method, _ in ratios)
print("as seen before" if same else "CHANGED")
raise SystemExit(not same)
PY
env/bin/python look.py
