"""Natural order of names: run2 before run10, and mu-1.25 before mu-1.3."""

import re
from pathlib import PurePath

NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)")


def natural(name: str | PurePath) -> tuple:
    """A key for sorting names by the numbers in them, paths folder by folder.

    A number with a point is one number, as in mu-1.25; letters are compared whatever their case.
    """
    parts = name.parts if isinstance(name, PurePath) else (name,)
    return tuple(_pieces(part) for part in parts), str(name)


def _pieces(part: str) -> tuple[str | float, ...]:
    # Text and numbers alternate, so that text is compared with text and numbers with numbers.
    return tuple(
        float(piece) if i % 2 else piece.casefold() for i, piece in enumerate(NUMBER.split(part))
    )
