"""Units in symbols that need no typesetting.

Systems name theirs in ASCII, as files hold them; `hoam_core.systems.plasmas.units` says what those
of a plasma are.
"""

import re
from collections.abc import Mapping

SYMBOLS = (
    ("lambda_D", "λᴅ"), ("omega_p", "ωₚ"), ("v_th", "vₜₕ"), ("v_0", "v₀"),
    ("^2", "²"), (" * ", " · "),
)  # fmt: skip
MU = re.compile(r"\bmu\b")


def in_symbols(unit: str) -> str:
    """A unit as the page writes it."""
    # First, since a pattern would take the following symbols for letters of a word.
    unit = MU.sub("μ", unit)
    for plain, symbol in SYMBOLS:
        unit = unit.replace(plain, symbol)
    return unit


def with_unit(label: str, unit: str) -> str:
    """A label with its unit in brackets."""
    return f"{label} [{in_symbols(unit)}]" if unit else label


def unit_of(attributes: Mapping[str, str]) -> str:
    """The unit that a variable of a file names; empty for a plain number."""
    unit = attributes.get("units", "1")
    return "" if unit == "1" else unit


def rate_unit(time_unit: str) -> str:
    """The unit of a rate, from that of the time, which is one over something."""
    return time_unit.removeprefix("1/").removeprefix("(").removesuffix(")")


def density_unit(*units: str) -> str:
    """The unit of a density of a population of mass one over components of these units."""
    known = [unit for unit in units if unit]
    product = " * ".join(known)
    return f"1/({product})" if len(known) > 1 or "/" in product else product and f"1/{product}"
