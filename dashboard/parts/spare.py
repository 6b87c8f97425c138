"""Where the browser finds what it is spared (spare.js): a script between Panel's and the page."""

from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent
NAME = "spare.js"
# Browsers keep it for years: another content has another address.
ADDRESS = f"{NAME}?v={sha256((FOLDER / NAME).read_bytes()).hexdigest()[:12]}"
