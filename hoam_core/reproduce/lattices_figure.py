"""The figure of the lattices: transients, the discrepancy against lambda, scaling, the alloy."""

from pathlib import Path
from typing import Any

import numpy as np

from hoam_core.reproduce.pictures import panels

Row = dict[str, Any]


def exponent(rows: list[Row], kind: str, quantity: str) -> float:
    """Slope of log(quantity) against log(L): gamma / nu, or -beta / nu."""
    sides = [row["L"] for row in rows]
    values = [row[kind][quantity] for row in rows]
    return float(np.polyfit(np.log(sides), np.log(values), 1)[0])


def draw(rows: list[Row], path: Path) -> None:
    """Draw four panels: errors against patches, discrepancy against lambda, scaling, the alloy."""
    with panels(path, 1, 4) as (_, axes):
        _draw_patches(axes[0], [r for r in rows if r["name"].startswith("patches")])
        share = next(r for r in rows if r["name"].startswith("share"))
        axes[1].semilogx(share["shares"], share["mmd"], "o-", color="#0072B2")
        axes[1].axhline(share["floor"], color="#222222", ls=":", label="noise floor")
        axes[1].axvline(share["right"], color="#999999", lw=1, label="K")
        axes[1].set(xlabel="λ", ylabel="MMD", title="Predator-prey")
        axes[1].legend()
        critical = [r for r in rows if r["name"].startswith("scaling")]
        order = [r for r in rows if r["name"].startswith("alloy") and r["L"] == 8]
        for kind, colour, style in (("truth", "#222222", "s--"), ("model", "#0072B2", "o-")):
            gamma = exponent(critical, kind, "susceptibility")
            axes[2].loglog(
                [r["L"] for r in critical], [r[kind]["susceptibility"] for r in critical], style,
                color=colour, label=f"{kind}, γ/ν = {gamma:.2f}",
            )  # fmt: skip
            mean, spread = np.array([r[kind]["MoTa"] for r in order]).T
            axes[3].errorbar(
                [r["T"] for r in order], mean, spread, fmt=style, color=colour, label=kind,
                capsize=2,
            )  # fmt: skip
        axes[2].set(xlabel="L", ylabel="χ at T_c", title="Ising (exact γ/ν 1.75)")
        axes[3].set(xlabel="T / K", ylabel="δ(Mo, Ta)", title="NbMoTa, 1,024 atoms")
        axes[2].legend()
        axes[3].legend()


def _draw_patches(axis: Any, rows: list[Row]) -> None:
    styles = {"partial": "o-", "naive": "s--"}
    for system, colour in (("curie-weiss", "#009E73"), ("ising", "#0072B2")):
        for method, style in styles.items():
            chosen = [r for r in rows if (r["system"], r["method"]) == (system, method)]
            axis.loglog(
                [r["patch"] ** 2 for r in chosen], [r["error"] for r in chosen], style,
                color=colour, label=f"{system}, {method}",
            )  # fmt: skip
    axis.set(xlabel="sites of a patch", ylabel="error of m(t)", title="Transients")
    axis.legend(fontsize=7)
