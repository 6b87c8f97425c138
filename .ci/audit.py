"""What `make audit` does: static checks always, known advisories where a service answers.

The exit code is 1 if something was found, and says nothing of what could not be checked; that is
told in a sentence instead. A service that knows none of the packages has checked nothing either.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
CODE = ("hoam_core", "dashboard")
LOCK = "requirements/serve.txt"
# Two services; the first that knows the packages is enough.
SERVICES = ("pypi", "osv")
PATIENCE = 300  # seconds


class Outcome(NamedTuple):
    """Whether a check found something, and what is to be said of it."""

    found: bool
    said: str


class Done(NamedTuple):
    """A program that has ended."""

    code: int
    output: str


Run = Callable[..., Done]


def run(*words: str) -> Done:
    """Run a module of this environment."""
    command = [sys.executable, "-m", *words]
    try:
        done = subprocess.run(  # noqa: S603 -- this interpreter
            command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return Done(124, f"no end after {PATIENCE} s")
    return Done(done.returncode, done.stdout or done.stderr)


def static(run: Run) -> list[Outcome]:
    """The security rules of ruff, and bandit."""
    checks = {
        "ruff, rules S": ("ruff", "check", "--select", "S", *CODE),
        "bandit": ("bandit", "--quiet", "--recursive", *CODE),
    }
    outcomes = []
    for name, words in checks.items():
        done = run(*words)
        said = f"{name}: {'found this.' if done.code else 'nothing found.'}"
        outcomes.append(Outcome(done.code != 0, f"{said}\n{done.output}" if done.code else said))
    return outcomes


def advisories(run: Run) -> Outcome:
    """Known vulnerabilities of the packages that are served with."""
    for service in SERVICES:
        done = run(
            "pip_audit", "--requirement", LOCK, "--require-hashes", "--disable-pip",
            "--vulnerability-service", service, "--format", "json", "--progress-spinner", "off",
            "--timeout", "10",
        )  # fmt: skip
        if (judged := read_report(service, done.output)) is not None:
            return judged
    return Outcome(
        False, f"pip-audit: no advisory service answered ({', '.join(SERVICES)}), so the packages "
        f"of {LOCK} were NOT audited; run it where one can be reached.",
    )  # fmt: skip


def read_report(service: str, text: str) -> Outcome | None:
    """What pip-audit found; None where its service knew nothing."""
    try:
        packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
        known = [one for one in packages if "skip_reason" not in one]
    except (ValueError, KeyError, TypeError):
        return None
    if not known:
        return None
    said = [f"pip-audit ({service}): {len(known)} of {len(packages)} packages were audited."]
    for one in known:
        for advisory in one["vulns"]:
            mended = " or ".join(advisory["fix_versions"]) or "nothing yet"
            said.append(f"  {one['name']} {one['version']}: {advisory['id']}, mended by {mended}")
    return Outcome(len(said) > 1, "\n".join(said))


def main(run: Run = run) -> int:
    """Make all checks; the exit code."""
    outcomes = [*static(run), advisories(run)]
    for outcome in outcomes:
        sys.stdout.write(outcome.said + "\n")
    return int(any(outcome.found for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
