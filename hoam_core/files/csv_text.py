"""Tables in CSV as spreadsheets and programs write them: separators, decimal commas, comments.

Excel in many languages separates by semicolons and writes decimal commas, and may say so in a line
`sep=;`; `numpy.savetxt` puts the head behind a # and separates by blanks; a head in quotes may
contain a line break. Ambiguous lines are refused with their line number.
"""

import codecs
import csv
import re
from typing import NamedTuple

from hoam_core.checks import brief

SEPARATORS = ";\t,"
BLANKS = " "
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Record(NamedTuple):
    """The cells of a row, and the line on which it begins."""

    line: int
    cells: list[str]


class CsvTable(NamedTuple):
    """Heads of the columns, the rows below them, and whether numbers have decimal commas."""

    heads: list[str]
    rows: list[Record]
    decimal_commas: bool

    def number(self, row: Record, column: int) -> float:
        """A number of the table; ValueError with its line for anything else."""
        text = row.cells[column].strip() if column < len(row.cells) else ""
        try:
            return float(text.replace(",", ".") if self.decimal_commas else text)
        except ValueError:
            why = "correct it or leave the line out"
            if "," in text:
                why = (
                    "a comma in it may separate decimals or thousands; write decimal points, or "
                    "separate the columns by semicolons and write decimal commas everywhere"
                )
            raise ValueError(
                f"Line {row.line} of the measurement holds {brief(text)} where a number is wanted; "
                f"{why}."
            ) from None


def text_of(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 as Excel saves "Unicode text"."""
    return data.decode("utf-16" if data.startswith(UTF_16) else "utf-8", "replace")


def read_table(text: str, wanted: tuple[str, ...]) -> CsvTable | None:
    """The table in a text; None where it has no rows.

    Lines that start with # are comments, but the last of them before the first row is the head
    where it names the `wanted` columns and that row does not. Raises ValueError.
    """
    lines, comments = _lines(text)
    separator = None
    if lines and (told := re.fullmatch(r"sep=(.)", lines[0][1].strip())):
        separator, lines = told[1], lines[1:]
    if lines and comments:
        head = comments[-1].lstrip("# ")
        if _names(head, wanted, separator) and not _names(lines[0][1], wanted, separator):
            lines = [(lines[0][0] - 1, head), *lines]
    if not lines:
        return None
    separator = separator or _separator(lines[0][1])
    records = [Record(number, _cells(line, separator)) for number, line in lines]
    heads, rows = [_head(cell) for cell in records[0].cells], records[1:]
    for row in rows:
        _check_width(row, len(heads), separator)
    return CsvTable(heads, rows, separator != "," and _has_decimal_commas(rows))


def _lines(text: str) -> tuple[list[tuple[int, str]], list[str]]:
    """Numbered lines, those of a cell that breaks its line joined, and the comments above them."""
    found: list[tuple[int, str]] = []
    comments: list[str] = []
    begun = 0  # the line on which a quote that is open begins
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if begun:
            found[-1] = found[-1][0], f"{found[-1][1]}\n{line}"
        elif line.lstrip().startswith("#"):
            comments += [line.strip()] if not found else []
            continue
        elif line.strip():
            found.append((number, line))
        if line.count('"') % 2:
            begun = 0 if begun else number
    if begun:
        raise ValueError(
            f'Line {begun} of the measurement opens a quote (") that nothing closes; close it or '
            "take it out."
        )
    return found, comments


def _separator(head: str) -> str:
    bare = re.sub(r'"[^"]*"', "", head)
    best = max(SEPARATORS, key=bare.count)
    return best if best in bare else BLANKS


def _cells(line: str, separator: str) -> list[str]:
    if separator == BLANKS:
        return line.split()
    return next(csv.reader([line], delimiter=separator, skipinitialspace=True))


def _head(cell: str) -> str:
    """A name without its unit in brackets and without a leading ' that guards against formulas."""
    return re.sub(r"\s*\[[^\]]*\]$", "", cell.strip().removeprefix("'"))


def _names(line: str, wanted: tuple[str, ...], separator: str | None) -> bool:
    return set(wanted) <= set(map(_head, _cells(line, separator or _separator(line))))


def _check_width(row: Record, width: int, separator: str) -> None:
    if any(cell.strip() for cell in row.cells[width:]):
        commas = " Decimal commas need columns separated by semicolons." if separator == "," else ""
        raise ValueError(
            f"Line {row.line} of the measurement has {len(row.cells)} columns, but its head names "
            f"{width}; give each column a name.{commas}"
        )


def _has_decimal_commas(rows: list[Record]) -> bool:
    """Whether commas are decimal separators: they occur in numbers, and points do not."""
    numbers = [cell for row in rows for cell in row.cells if re.fullmatch(r"[-+\d.,eE ]+", cell)]
    return any("," in cell for cell in numbers) and not any("." in cell for cell in numbers)
