"""Measured curves as people's programs write them: read, or told with the line."""

import io

import numpy as np
import pytest
import xarray as xr

from dashboard.exports.csv_file import to_csv
from hoam_core import read_measurement
from hoam_core.files.csv_text import text_of

TS, ENERGY = np.array([0.0, 0.25, 1.5]), np.array([0.02, 1234.5, 3e-7])
ROWS = list(zip(TS, ENERGY, strict=True))


def joined(head: str, separator: str, comma: bool = False) -> str:
    rows = [f"{t:.3f}{separator}{e:.8e}" for t, e in ROWS]
    return "\r\n".join([head, *(row.replace(".", ",") if comma else row for row in rows)])


def saved(**options) -> str:
    file = io.StringIO()
    np.savetxt(file, np.stack([TS, ENERGY], 1), **options)
    return file.getvalue()


READ = {
    "German Excel": "\ufeff" + joined("time;electric_energy", ";", comma=True),
    "German Excel that says its separator": "sep=;\n" + joined("time;electric_energy", ";", True),
    "tabs with decimal commas": joined("time\telectric_energy", "\t", comma=True),
    "semicolons with points": joined("time;electric_energy", ";"),
    "savetxt": saved(header="time electric_energy"),
    "savetxt with commas": saved(header="of shot 7\ntime,electric_energy", delimiter=","),
    "units behind the names": joined("time [s],electric_energy [J]", ","),
    "a quoted line break": 'time,"shot\n# 7, raw",electric_energy\n'
    + "\n".join(f"{t},0,{e}" for t, e in ROWS),
    "a comment with a quote": '# the 5" tube\n' + joined("time,electric_energy", ","),
    "an empty last column": joined("time;electric_energy;", ";"),
}


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_a_curve_is_read_as_it_was_written(text):
    found = read_measurement(text)
    assert found.ts == pytest.approx(TS)
    assert found.values == pytest.approx(ENERGY)


TOLD = {
    "Line 2 of the measurement has 4 columns, .* semicolons": "time,electric_energy\n0,5,1,25\n",
    "Line 2 of the measurement holds '1,234'.* decimals or thousands": (
        'time,electric_energy\n0.5,"1,234"\n'
    ),
    r"Line 3 of the measurement holds '1.234,5'": "time;electric_energy\n0;1\n1;1.234,5\n",
    r"Line 1 of the measurement opens a quote": 'time,"electric_energy\n0,1\n',
    "Line 4 of the measurement holds 'one'": '# a\n"ti\nme",time,electric_energy\n0,0,one\n',
    "lacks the column `time`": "# of shot 7\n0.0,1.0\n0.5,2.0\n",
}


@pytest.mark.parametrize("sentence", TOLD)
def test_what_can_be_read_in_two_ways_is_told_with_its_line(sentence):
    with pytest.raises(ValueError, match=sentence):
        read_measurement(TOLD[sentence])


def test_excel_saves_unicode_text_as_utf_16():
    text = joined("time\telectric_energy", "\t", comma=True)
    assert read_measurement(text_of(text.encode("utf-16"))).values == pytest.approx(ENERGY)
    assert text_of("µ".encode()) == "µ"


def test_a_curve_that_the_page_exports_is_a_measurement():
    time = ("time", TS, {"units": "model time"})
    curve = xr.Dataset({"electric_energy": ("time", ENERGY, {"units": "J"})}, {"time": time})
    found = read_measurement(to_csv(curve, "A curve, of two."))
    assert found.values == pytest.approx(ENERGY)


def test_a_name_is_no_formula_in_a_spreadsheet():
    time = ("time", TS)
    curve = xr.Dataset({"=1+cmd()": ("time", ENERGY), "-x": ("time", ENERGY)}, {"time": time})
    text = to_csv(curve)
    assert text.splitlines()[0] == "time,'=1+cmd(),'-x"
    assert read_measurement(text, "=1+cmd()").values == pytest.approx(ENERGY)
