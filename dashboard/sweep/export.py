"""What the view "sweep" exports: the table, the band or the posterior, and Python for it."""

import xarray as xr

from dashboard.sweep import text as sweep_words
from dashboard.sweep.choice import SweepChoice
from dashboard.sweep.jobs import Inferred, SweepTable, TableRequest
from dashboard.view.base import Exportable
from hoam_core import Model


def exportable(
    choice: SweepChoice, model: Model, description: str, table: SweepTable | None,
    band: xr.Dataset | None, inferred: Inferred | None, fitted: TableRequest | None,
) -> Exportable | None:  # fmt: skip
    """What the segment of the choice shows; None while it shows nothing."""
    if choice.tab == "infer":
        return _of_posterior(model, description, inferred, fitted)
    if table is None:
        return None
    asked = table.asked
    script = sweep_words.script(asked, model, f"{model.system.title}: sweep of {asked.over}")
    name = f"{model.system.name}-sweep-{asked.over}"
    if choice.tab == "map":
        return Exportable(name, description, script, lambda: table.data)
    if band is None:
        return None
    script += sweep_words.band_script(asked.observable, choice.belief)
    return Exportable(f"{name}-band", description, script, lambda: band)


def _of_posterior(
    model: Model, description: str, one: Inferred | None, asked: TableRequest | None
) -> Exportable | None:
    if one is None or asked is None:
        return None
    script = sweep_words.script(asked, model, f"{model.system.title}: {asked.over} of a curve")
    script += sweep_words.posterior_script(asked.observable, one.measured.ts, one.measured.values)
    return Exportable(
        f"{model.system.name}-{asked.over}-inferred", description, script, lambda: one.found
    )
