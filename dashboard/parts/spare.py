"""Scripts between Panel's and the page: work saved in the browser (spare.js), and its theme."""

from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent
NAME = "spare.js"
NAMES = (NAME, "theme.js")


def _address(name: str) -> str:
    # Browsers cache it for years: new content gets a new address.
    return f"{name}?v={sha256((FOLDER / name).read_bytes()).hexdigest()[:12]}"


ADDRESSES = {name.removesuffix(".js"): _address(name) for name in NAMES}
