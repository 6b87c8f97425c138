"""Plain sentences about the numbers of the quadrature lab."""

import math
from html import escape
from operator import itemgetter

from dashboard.quadrature.study import RULES, Draw, QuadratureCase, QuadratureStudy
from dashboard.quadrature.training import MOST_SAMPLES, Race, Runner, steps_for

TINY = 1e-9
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
ABOUT = (
    "Learning the motion of a population means minimising an action, an integral over time of "
    "q(t), but a computer can look at q only at a few times, the nodes of a rule. The curve is q "
    "of oscillators that crowd together whenever they swing through the middle; the points are all "
    "that the rule sees of it: heights times weights add up to its estimate of the integral."
)


def headline(study: QuadratureStudy) -> str:
    """How good the chosen rule is, beside the Monte Carlo of plain action matching."""
    case = study.case
    title, (own, _) = RULES[case.rule].title, study.at(case.rule)
    random, size = study.at("monte-carlo")[0], abs(study.exact)
    where = f"With {case.nodes} nodes at ω = {case.omega:g}"
    if case.rule == "monte-carlo":
        best = min(("simpson", "gauss"), key=lambda rule: study.at(rule)[0])
        return (
            f"{where}, random times miss the integral by {share(random, size)}; the fixed nodes of "
            f"{RULES[best].title} miss it by {share(study.at(best)[0], size)}."
        )
    words = f"{where}, {title} misses the integral by {share(own, size)}"
    if own > random:
        return f"{words}, more than random times do: it has too few nodes for this curve."
    return f"{words}, random times by {share(random, size)}: {fold(random / own)} as much."


def particles(study: QuadratureStudy) -> str:
    """What is left of the spread when the times are not random: that of the particles."""
    case = study.case
    rule = case.rule if case.rule != "monte-carlo" else "gauss"
    (_, own), (_, random) = study.at(rule), study.at("monte-carlo")
    return (
        f"With {count(case.samples)} at each node the estimate of Monte Carlo scatters by "
        f"{random:.3g} and that of {RULES[rule].title} by {own:.3g}: fixed nodes remove what "
        "random times add; what is left comes from having few particles, whatever the rule."
    )


def estimate(draw: Draw, exact: float) -> str:
    """The numbers of the draw on show."""
    return (
        f"exact integral {number(exact)} · by this rule {number(draw.estimate)} · with its "
        f"particles {number(draw.sampled_estimate)}"
    )


def outlook(case: QuadratureCase, rules: tuple[str, ...]) -> str:
    """What a pair of trainings would do, before it is started."""
    names = " and ".join(RULES[rule].title for rule in rules)
    return (
        f"Trains the same small network twice, with {names}: "
        f"{steps_for(case.nodes):,} steps, each with {case.nodes} nodes and "
        f"{count(min(case.samples, MOST_SAMPLES))}; seed {case.seed}. A rule may integrate the "
        "true q well and still fail here: between its nodes the network may draw any curve."
    )


def progress(race: Race, paused: bool, waiting: bool) -> str:
    """Where a race stands, as a sentence and a bar."""
    about = f"ω = {race.case.omega:g}, {race.case.nodes} nodes, seed {race.case.seed}"
    if race.over:
        text = f"Trained {race.steps:,} steps each ({about})."
    elif paused:
        text = f"Paused at {100 * race.done:.0f} % ({about})."
    elif waiting:
        text = "Waiting for another training to finish its turn."
    else:
        text = {
            "data": f"Simulating the oscillators to learn from ({about}) …",
            "compiling": f"Compiling the trainings ({about}); the first steps take some seconds …",
            "training": f"Training, {100 * race.done:.0f} % ({about})",
        }[race.stage]
    bar = (
        f'<progress max="1" value="{race.done:.3f}" aria-label="Progress of the trainings">'
        "</progress>"
    )
    return f'<p class="soft">{escape(text)}</p>{"" if race.over else bar}'


def verdict(race: Race) -> str:
    """What has happened so far; screen readers hear it, too."""
    fallen = [runner for runner in race.runners if runner.fell is not None]
    pieces = [
        f"{RULES[one.rule].title}: the loss fell below the true minimum at step {one.fell:,}: "
        "the rule no longer sees what happens between its nodes, and the network exploits "
        "it. Take more nodes or a lower ω."
        for one in fallen
    ]
    if race.over and not fallen:
        held = [
            (one.judged.distance, one.rule)
            for one in race.runners if one.judged and one.judged.distance is not None
        ]  # fmt: skip
        if held:
            _, best = min(held, key=itemgetter(0))
            pieces.append(
                f"No loss fell below the true minimum. The samples learned with "
                f"{RULES[best].title} are closest to the truth."
            )
    return "".join(f'<p class="{"warn" if fallen else ""}">{escape(one)}</p>' for one in pieces)


def table(race: Race) -> str:
    """Loss and distance of every training beside the least action and the noise floor."""
    rows = "".join(_row(runner) for runner in race.runners)
    least = "—" if race.least is None else number(race.least)
    floor = "—" if race.floor is None else f"{race.floor:.2g}"
    return (
        "<table><thead><tr><th scope='col'>rule</th><th scope='col'>loss, last 100 steps</th>"
        "<th scope='col'>W₂² to the truth</th></tr></thead><tbody>"
        f"{rows}<tr><th scope='row'>exact minimum, noise floor</th><td>{least}</td>"
        f"<td>{floor}</td></tr></tbody></table>"
    )


def _row(runner: Runner) -> str:
    loss = number(runner.recent) if runner.losses.size else "—"
    distance = "—"
    if runner.judged is not None:
        d = runner.judged.distance
        distance = "diverged" if d is None else f"{d:.2g}" if d < 100 else f"{d:,.0f}"
    return (
        f"<tr><th scope='row'>{escape(RULES[runner.rule].title)}</th><td><b>{loss}</b></td>"
        f"<td><b>{distance}</b></td></tr>"
    )


def count(particles: int) -> str:
    """A number of particles, in words."""
    return "1 particle" if particles == 1 else f"{particles:,} particles"


def number(value: float) -> str:
    """Four digits, a true minus sign, commas in large numbers."""
    if value != value:
        return "not a number"
    text = f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:#.4g}"
    return text.replace("-", "−")


def share(error: float, size: float) -> str:
    """An error relative to the exact value."""
    part = max(100 * error / size, TINY)
    if part >= 10:
        return f"{part:,.0f} %"
    if part >= 1e-3:
        return f"{float(f'{part:.2g}'):g} %"
    power = math.floor(math.log10(part))
    if power < -6:
        return "less than a millionth of a per cent"
    return f"{part / 10**power:.0f} · 10⁻{SUPERSCRIPTS[-power]} %"


def fold(ratio: float) -> str:
    """How many times as much, in round numbers."""
    if ratio < 10:
        return f"{ratio:.2g} times"
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if ratio >= size:
            return f"{float(f'{ratio / size:.2g}'):g} {word} times"
    return f"{float(f'{ratio:.2g}'):,.0f} times"
