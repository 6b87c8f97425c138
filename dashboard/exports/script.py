"""Short Python that reproduces the numbers of a view with `hoam_core` alone.

It takes the same steps as the page (jobs.py), so that the same seed gives the same numbers.
"""

from collections.abc import Mapping

from dashboard.runs.catalogue import own_folder
from dashboard.runs.jobs import SAVES
from dashboard.runs.run import Case, named
from hoam_core import System
from hoam_core.files.json_text import json_text
from hoam_core.models.files import shipped_models
from hoam_core.systems import Recorded

LEARNED = """{imports}
parameters = {parameters}
model = hoam.load_model({model})
{share}run = model.predict(parameters, particles={particles}, seed={seed}, n_times={frames})
for sentence in json.loads(run.attrs["warnings"]):
    print(f"Warning: {{sentence}}")
"""
SHARE = """units = model.params["units"]
model = replace(model, params=with_share(model.params, {share:g} * units["share"]))
"""
FULL = """import jax.numpy as jnp

import hoam_core as hoam
from hoam_core.simulation import simulate_pieces, start_truth
from hoam_core.storage.datasets import to_dataset

parameters = {parameters}
"""
# In pieces as long as those of the page, since each has its own random numbers.
FULL_MODEL = """
system = hoam.get_system({system})
mu, ts = system.vector(parameters), system.times({end!r}, {frames})
x0, key = start_truth(system, mu, {particles}, {seed})
pieces = simulate_pieces(system, key, mu, x0, ts, saves={saves})
x = jnp.concatenate([piece.x for piece in pieces])
run = to_dataset(system, mu, ts, x, seed={seed}, method="full-model")
"""
TAIL = """
now = run.sel(time={time:.6g}, method="nearest")
for name in run.data_vars:
    if run[name].dims == ("time",):
        print(f"{{name}} = {{now[name].item():.6g}} {{run[name].units}}")
run.to_netcdf({file}, engine="h5netcdf")
"""
BESIDE = '''

def full_model():
    """The full model that the page shows beside it; takes longer."""
    import jax.numpy as jnp

    from hoam_core.simulation import simulate_pieces, start_truth
    from hoam_core.storage.datasets import to_dataset
{body}    return run
'''


def docstring(text: str) -> str:
    """The first line of a script: titles and names from visitors' files stay text."""
    plain = text.replace("\\", "\\\\").replace('"', "'")
    return f'"""{plain}."""\n\n'


def model_in_python(name: str) -> str:
    """The argument of `load_model`: the name of a model that ships, else a local folder."""
    folder = own_folder() / name
    ships = name in shipped_models() or not (folder / "model.json").is_file()
    return json_text(name if ships else str(folder))


def script(system: System, case: Case, *, time: float, end: float, frames: int, name: str) -> str:
    """Python for a case of the learned model, or of the full one where it names none.

    `time` is the frame that is shown, `end` the last of `frames`, `name` the stem of the file it
    writes.
    """
    values = named(system, case)
    about = {
        "parameters": json_text(values), "seed": case.seed, "frames": frames,
        "particles": case.particles, "time": time, "file": json_text(f"{name}.nc"),
    }  # fmt: skip
    full = FULL_MODEL.format(
        system=json_text(system.name), saves=SAVES, end=end,
        **about | {"particles": system.truth_particles if case.model else case.particles},
    )  # fmt: skip
    listed = ", ".join(f"{key} = {value:g}" for key, value in values.items())
    head, tail = docstring(f"{system.title}, {listed}"), TAIL.format(**about)
    if not case.model:
        return head + FULL.format(**about) + full.removeprefix("\n") + tail
    body = "".join(f"    {line}" if line.strip() else line for line in full.splitlines(True))
    beside = "" if isinstance(system, Recorded) else BESIDE.format(body=body)
    return head + _learned(system, case, about) + tail + beside


def _learned(system: System, case: Case, about: Mapping) -> str:
    noisy = system.family.is_noisy and case.share != 1.0
    imports = "import json\n\nimport hoam_core as hoam\n"
    if noisy:
        imports = (
            "import json\nfrom dataclasses import replace\n\nimport hoam_core as hoam\n"
            "from hoam_core.methods import with_share\n"
        )
    return LEARNED.format(
        imports=imports, model=model_in_python(case.model),
        share=SHARE.format(share=case.share) if noisy else "",
        **about,
    )  # fmt: skip
