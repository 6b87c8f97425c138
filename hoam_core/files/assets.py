"""The place of the assets: models, data, lessons and everything else that is shipped."""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def asset(name: str) -> Path:
    """Path of an asset: inside the package if installed, or beside it in a checkout."""
    installed = PACKAGE / "assets" / name
    return installed if installed.exists() else PACKAGE.parent / "assets" / name
