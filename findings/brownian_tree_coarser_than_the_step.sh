#!/usr/bin/env bash
# A stochastic differential equation solved by diffrax with small fixed steps on a virtual Brownian
# tree, whose `tol` one sets once and forgets.
#
# Expected: an increment of Brownian motion over a step dt has the variance dt, so that the squared
#   increments over [0, 1] sum to 1; or an error where `tol` is larger than the step.
# Seen (2026-11-30; diffrax 0.7.2, jax 0.10.2): with dt = 0.01 the sum is 1.00 for tol = 1e-4, but
#   0.61 for tol = 0.05 and 0.12 for tol = 0.3, without a word. Each path has the right ends, but is
#   smooth in between, so that whatever depends on the noise within a step is damped.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet diffrax==0.7.2 jax==0.10.2
cat > look.py <<'PY'
import diffrax
import jax
import jax.numpy as jnp

dt, starts = 0.01, jnp.arange(100) * 0.01


def squares(key, tol):
    path = diffrax.VirtualBrownianTree(0.0, 1.0 + dt, tol=tol, shape=(), key=key)
    return jnp.sum(jax.vmap(lambda t: path.evaluate(t, t + dt))(starts) ** 2)


keys = jax.random.split(jax.random.key(0), 400)
sums = {tol: float(jnp.mean(jax.vmap(lambda key: squares(key, tol))(keys))) for tol in (1e-4, 0.05, 0.3)}
for tol, total in sums.items():
    print(f"tol = {tol:g}: squared increments over [0, 1] sum to {total:.2f}")
same = abs(sums[1e-4] - 1) < 0.05 and 0.45 < sums[0.05] < 0.75 and sums[0.3] < 0.3
print("as seen before" if same else "CHANGED")
raise SystemExit(not same)
PY
env/bin/python look.py
