"""How long and how much is kept for visitors: four variables, read where they are needed."""

import math
import os
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_data_path

FOLDER, DAYS, MEGABYTES, ALTOGETHER = (
    "HOAM_KEPT", "HOAM_KEPT_DAYS", "HOAM_KEPT_MB", "HOAM_KEPT_ALL_MB",
)  # fmt: skip
USUAL = {DAYS: 30.0, MEGABYTES: 500.0, ALTOGETHER: 5_000.0}
SECONDS_A_DAY = 86_400.0


def _number(name: str) -> float:
    """A variable as a number that is not negative, else the default."""
    try:
        value = float(os.environ.get(name, ""))
    except ValueError:
        return USUAL[name]
    return value if math.isfinite(value) and value >= 0 else USUAL[name]


def kept_folder() -> Path:
    """Where it is kept: the folder HOAM_KEPT, else one among the user's data."""
    named = os.environ.get(FOLDER)
    return Path(named) if named else user_data_path("hoam") / "kept"


def kept_seconds() -> float:
    """How long after a visitor's last visit; zero where nothing is kept at all."""
    return SECONDS_A_DAY * _number(DAYS)


def most_bytes() -> int:
    """Of one visitor."""
    return int(2**20 * _number(MEGABYTES))


def most_bytes_of_all() -> int:
    """Of all visitors together."""
    return int(2**20 * _number(ALTOGETHER))


def date(seconds: float) -> str:
    """The day of a time since 1970, as in 24 December 2026."""
    day = datetime.fromtimestamp(seconds, UTC)
    return f"{day.day} {day:%B %Y}"


def megabytes(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 2**20:,.0f} MB" if size >= 2**20 else f"{max(size, 1) / 2**10:,.0f} kB"
