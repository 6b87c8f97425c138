"""Units as a reader writes them, in symbols that need no type-setting."""

SYMBOLS = (("lambda_D", "λᴅ"), ("v_th", "vₜₕ"), ("^2", "²"))


def in_symbols(unit: str) -> str:
    """A unit as the page writes it."""
    for plain, symbol in SYMBOLS:
        unit = unit.replace(plain, symbol)
    return unit


def with_unit(label: str, unit: str) -> str:
    """A label with its unit in brackets."""
    return f"{label} [{in_symbols(unit)}]" if unit else label
