"""`make audit`: what was found fails it, what could not be checked is said."""

import importlib.util
import json
from pathlib import Path

import pytest

FILE = Path(__file__).parents[1] / ".ci" / "audit.py"


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(**packages) -> str:
    """A report of pip-audit; None for a package that its service does not know."""
    rows = []
    for name, advisories in packages.items():
        if advisories is None:
            rows.append({"name": name, "skip_reason": f"not found: {name}"})
        else:
            vulns = [{"id": one, "fix_versions": fixes} for one, fixes in advisories.items()]
            rows.append({"name": name, "version": "1.0", "vulns": vulns})
    return json.dumps({"dependencies": rows, "fixes": []})


def programs(audit, **outputs):
    """Stands for the programs: (exit code, output) of each, of pip-audit by its service."""
    asked = []

    def run(*words):
        name = (
            words[words.index("--vulnerability-service") + 1] if "pip_audit" in words else words[0]
        )
        asked.append(name)
        return audit.Done(*outputs.get(name, (0, "")))

    return run, asked


def test_without_a_service_it_says_so_and_the_static_checks_count(audit, capsys):
    down = {"pypi": (0, report(jax=None, numpy=None)), "osv": (1, "Traceback: no such host")}
    run, asked = programs(audit, **down)
    assert audit.main(run) == 0
    said = capsys.readouterr().out
    assert "requirements/serve.txt were NOT audited" in said
    assert "bandit: nothing found." in said
    assert asked == ["ruff", "bandit", "pypi", "osv"]
    run, _ = programs(audit, bandit=(1, "B602 shell"), **down)
    assert audit.main(run) == 1
    said = capsys.readouterr().out
    assert "B602 shell" in said
    assert "ruff, rules S: nothing found." in said


def test_an_advisory_is_found_and_told_with_its_cure(audit, capsys):
    found = report(jax={}, pillow={"GHSA-1": ["11.3", "12.0"], "GHSA-2": []}, own=None)
    run, asked = programs(audit, pypi=(1, found))
    assert audit.main(run) == 1
    said = capsys.readouterr().out
    assert "pip-audit (pypi): 2 of 3 packages were audited." in said
    assert "pillow 1.0: GHSA-1, mended by 11.3 or 12.0" in said
    assert "GHSA-2, mended by nothing yet" in said
    assert asked[-1] == "pypi"


def test_a_second_service_is_asked_where_the_first_knows_nothing(audit):
    run, _ = programs(audit, pypi=(0, report(jax=None)), osv=(0, report(jax={})))
    assert audit.advisories(run) == (False, "pip-audit (osv): 1 of 1 packages were audited.")


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"dependencies": null}'])
def test_what_is_no_report_has_checked_nothing(audit, text):
    assert audit.read_report("pypi", text) is None


def test_programs_run_in_this_environment(audit):
    done = audit.run("json.tool", "pyproject.toml")
    assert done.code == 1
    assert "Expecting value" in done.output
