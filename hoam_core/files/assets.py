"""Where the assets lie: models, data, lessons and whatever else ships."""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def asset(name: str) -> Path:
    """A folder or file of the assets: inside an installed package, or beside it in a checkout."""
    installed = PACKAGE / "assets" / name
    return installed if installed.exists() else PACKAGE.parent / "assets" / name
