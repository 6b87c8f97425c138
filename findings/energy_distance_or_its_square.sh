#!/usr/bin/env bash
# The energy distance of two samples, a usual measure of how far two populations differ.
#
# Expected: `dcor.energy_distance` and `scipy.stats.energy_distance` give one number.
# Seen (2026-11-30; dcor 0.7, SciPy 1.17.1): that of dcor is the square of that of SciPy. Both cite
#   Szekely and Rizzo, whose papers use the name for either. A threshold that was tuned with one
#   means something else with the other: below 1 the square looks better, above 1 worse.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet dcor==0.7 scipy==1.17.1
cat > look.py <<'PY'
import warnings

warnings.simplefilter("ignore")
import dcor
import numpy as np
from scipy import stats

numbers = np.random.default_rng(0)
same = True
for shift in (0.5, 1.0, 3.0):
    a, b = numbers.normal(size=500), numbers.normal(shift, 1.0, size=500)
    one, other = dcor.energy_distance(a, b), stats.energy_distance(a, b)
    print(f"shift {shift}: dcor {one:.4f}, SciPy {other:.4f}, its square {other**2:.4f}")
    same = same and np.isclose(one, other**2) and not np.isclose(one, other, rtol=0.05)
print("as seen before" if same else "CHANGED")
raise SystemExit(not same)
PY
env/bin/python look.py
