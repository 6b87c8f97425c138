"""Units as a reader writes them, in symbols that need no type-setting."""

SYMBOLS = (("lambda_D", "λᴅ"), ("v_th", "vₜₕ"), ("^2", "²"))


def with_unit(label: str, unit: str) -> str:
    """A label with its unit in brackets."""
    for plain, symbol in SYMBOLS:
        unit = unit.replace(plain, symbol)
    return f"{label} [{unit}]" if unit else label
