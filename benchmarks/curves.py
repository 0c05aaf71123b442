"""How well patients come back from Kaplan-Meier curves: the error table over 200 generated cohorts.

    uv run python benchmarks/curves.py

Each cohort has two arms, 10 to 200 patients in all, Weibull times to an event and staggered follow-up; in half of
the cohorts times are whole days, with ties. Its curves are drawn, digitized and reconstructed with what a paper may
print beside them. Each row of the table is one kind of digitizing with one kind of print:

    exact    the corners of every step, survival to 6 decimals
    vector   the same, survival to 4 decimals
    noise    every corner off by up to ±0.002 in survival and ±0.2 % of the axis in time, uniformly

The row "limit" is no reconstruction: the known patients, with each censoring time drawn anew between the events and
printed counts around it. Nothing that lacks the marks can do better, but by luck.

A table has the numbers at risk every 12 months; totals are the events of each arm; marks are the times of the
censoring marks. The hazard ratio (Cox, Efron) is the geometric mean over the members, the median the median over the
members, both against the known patients; the known hazard ratio should lie
among those of the members. A median that is not reached must not be reached. A cohort meets the bar
when its hazard ratio is within 2 %, both medians within 1 % and, where totals are given, every member's events exact.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mgbayes.errors import InputError
from mgbayes.reconstruction.digitized import DigitizedCurve, Series, no_series
from mgbayes.reconstruction.from_curve import reconstruct
from mgbayes.reconstruction.kaplan_meier import kaplan_meier

ARMS = ("a", "b")
MONTH = 365.25 / 12


@dataclass(frozen=True)
class Arm:
    """Known patients."""

    time: np.ndarray
    event: np.ndarray


@dataclass(frozen=True)
class Setting:
    """One row of the table."""

    digitizing: str
    table: bool = False
    totals: bool = False
    marks: bool = False

    @property
    def printed(self) -> str:
        """What the paper prints, in words."""
        names = [name for name in ("table", "totals", "marks") if getattr(self, name)]
        return " + ".join(names) or "n only"


PRINTED = (
    {"table": True, "totals": True, "marks": True},
    {"table": True, "totals": True},
    {"table": True},
    {"totals": True},
    {},
)
SETTINGS = (
    *(Setting("exact", **printed) for printed in PRINTED),
    Setting("vector", table=True, totals=True),
    Setting("vector"),
    *(Setting("noise", **printed) for printed in PRINTED),
    Setting("limit", table=True, totals=True),
)
ERRORS = {"exact": (5e-7, 0.0), "vector": (5e-5, 0.0), "noise": (0.002, 0.002)}


@dataclass(frozen=True)
class Result:
    """Relative errors of one cohort under one setting; refused where no ensemble came out."""

    hazard_ratio: float
    worst_member: float
    median: float
    events: int
    covered: bool
    refused: bool = False

    @property
    def within(self) -> tuple[bool, bool, bool]:
        """Hazard ratio, medians, events."""
        return self.hazard_ratio <= 0.02, self.median <= 0.01, self.events == 0


def cohorts(count: int, seed: int) -> Iterator[tuple[Arm, Arm]]:
    """Two-arm cohorts with at least two events in each arm and a finite hazard ratio."""
    rng = np.random.default_rng(seed)
    while count:
        patients = round(np.exp(rng.uniform(np.log(10), np.log(200))))
        first = round(patients * rng.uniform(0.35, 0.65))
        shape, scale, ratio = rng.uniform(0.7, 1.6), rng.uniform(15, 50), np.exp(rng.normal(0, 0.5))
        least, most = rng.uniform(3, 24), rng.uniform(40, 90)
        whole_days = bool(rng.random() < 0.5)
        arms = tuple(
            _arm(rng, n, shape, scale * factor, (least, most), whole_days)
            for n, factor in ((first, 1.0), (patients - first, ratio))
        )
        if all(arm.event.sum() >= 2 for arm in arms) and abs(log_hazard_ratio(*arms)) < 4:
            count -= 1
            yield arms[0], arms[1]


def _arm(
    rng: np.random.Generator,
    n: int,
    shape: float,
    scale: float,
    followed: tuple[float, float],
    whole_days: bool,
) -> Arm:
    event, censored = scale * rng.weibull(shape, n), rng.uniform(*followed, n)
    time = np.minimum(event, censored)
    return Arm(np.ceil(time * MONTH) / MONTH if whole_days else time, event <= censored)


def log_hazard_ratio(one: Arm, other: Arm) -> float:
    """Cox's log hazard ratio of the second arm against the first, ties as in Efron (1977)."""
    when = np.unique(np.concatenate([arm.time[arm.event] for arm in (one, other)]))
    at_risk = np.array([[(arm.time >= t).sum() for t in when] for arm in (one, other)])
    deaths = np.array([[(arm.event & (arm.time == t)).sum() for t in when] for arm in (one, other)])
    tied = np.repeat(np.arange(len(when)), deaths.sum(axis=0))
    order = np.concatenate([np.arange(d) for d in deaths.sum(axis=0)])
    left = at_risk[:, tied] - order / deaths.sum(axis=0)[tied] * deaths[:, tied]
    beta = 0.0
    for _ in range(50):
        share = left[1] * np.exp(beta) / (left[0] + left[1] * np.exp(beta))
        step = (deaths[1].sum() - share.sum()) / max((share * (1 - share)).sum(), 1e-12)
        beta += float(np.clip(step, -1, 1))
        if abs(step) < 1e-10 or abs(beta) > 10:
            break
    return beta


def digitized(arm: Arm, name: str, setting: Setting, rng: np.random.Generator) -> DigitizedCurve:
    """The curve of known patients as somebody would digitize it."""
    steps, end = kaplan_meier(arm.time, arm.event), float(arm.time.max())
    survival_error, time_share = ERRORS[setting.digitizing]
    above = np.concatenate([[1.0], steps.survival[:-1]])
    times = np.concatenate([[0.0], np.repeat(steps.times, 2), [end]])
    survival = np.concatenate([[1.0], np.column_stack([above, steps.survival]).ravel(), steps.survival[-1:]])
    marks = np.unique(arm.time[~arm.event])
    if setting.digitizing == "noise":
        marks = marks + rng.uniform(-1, 1, len(marks)) * time_share * end
        times[1:] += rng.uniform(-1, 1, len(times) - 1) * time_share * end
        survival[1:] += rng.uniform(-1, 1, len(times) - 1) * survival_error
    else:
        survival = survival.round(6 if setting.digitizing == "exact" else 4)
    when = np.arange(0, end, 12.0)
    at_risk = np.array([(arm.time >= t).sum() for t in when], float)
    return DigitizedCurve(
        arm=name,
        points=Series(np.maximum(times, 0.0), survival, "generated"),
        n=len(arm.time),
        events=int(arm.event.sum()) if setting.totals else None,
        at_risk=Series(when, at_risk) if setting.table else no_series(),
        marks=Series(np.clip(marks, 0, end), np.ones(len(marks))) if setting.marks else None,
        survival_error=survival_error,
        time_error=time_share * end,
        time_unit="months",
    )


def assess(arms: tuple[Arm, Arm], setting: Setting, seed: int, members: int) -> Result:
    """One cohort under one setting."""
    rng = np.random.default_rng(seed)
    if setting.digitizing == "limit":
        return _result(arms, [(_redrawn(arms[0], rng), _redrawn(arms[1], rng)) for _ in range(members)])
    curves = [digitized(arm, name, setting, rng) for arm, name in zip(arms, ARMS, strict=True)]
    try:
        ensemble = reconstruct(curves, members=members, seed=seed)
    except InputError:
        return Result(np.inf, np.inf, np.inf, len(arms[0].time), covered=False, refused=True)
    split = len(arms[0].time)
    pairs = [
        (Arm(time[:split], event[:split]), Arm(time[split:], event[split:]))
        for time, event in zip(ensemble.data["time"].values, ensemble.data["event"].values, strict=True)
    ]
    return _result(arms, pairs)


def _redrawn(arm: Arm, rng: np.random.Generator) -> Arm:
    """The same patients, each censored somewhere else between the events and printed counts around."""
    end = arm.time.max()
    edges = np.unique(np.concatenate([arm.time[arm.event], np.arange(0, end, 12.0), [end]]))
    at = np.searchsorted(edges, arm.time, side="right")
    moved = rng.uniform(edges[at - 1], edges[np.minimum(at, len(edges) - 1)])
    return Arm(np.where(arm.event | (arm.time == end), arm.time, moved), arm.event)


def _result(arms: tuple[Arm, Arm], pairs: list[tuple[Arm, Arm]]) -> Result:
    ratios = np.array([log_hazard_ratio(*pair) for pair in pairs]) - log_hazard_ratio(*arms)
    medians = [_median_error(arm, [pair[k] for pair in pairs]) for k, arm in enumerate(arms)]
    wrong = max(abs(int(pair[k].event.sum() - arms[k].event.sum())) for pair in pairs for k in (0, 1))
    worst = float(np.abs(np.expm1(ratios)).max())
    covered = bool(ratios.min() <= 1e-6 and ratios.max() >= -1e-6)
    return Result(float(abs(np.expm1(ratios.mean()))), worst, max(medians), wrong, covered)


def _median_error(true: Arm, made: list[Arm]) -> float:
    known = kaplan_meier(true.time, true.event).quantile()
    found = np.sort([kaplan_meier(arm.time, arm.event).quantile() for arm in made])[len(made) // 2]
    return 0.0 if found == known else abs(found / known - 1) if np.isfinite(known) else np.inf


def main() -> None:
    """Print the error table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--digitized", help="only the rows of one kind: exact, vector, noise or limit")
    options = parser.parse_args()

    from joblib import Parallel, delayed
    from rich.console import Console
    from rich.table import Table

    known = list(cohorts(options.cohorts, options.seed))
    table = Table(title=f"{len(known)} cohorts, {options.members} members each, seed {options.seed}")
    for heading in ("digitized", "printed", "meets the bar", "HR ≤ 2 %", "median ≤ 1 %", "events exact"):
        table.add_column(heading)
    for heading in (
        "HR error, median / 95 % / worst, %",
        "worst member",
        "median error, 95 % / worst, %",
        "true HR among members",
        "refused",
    ):
        table.add_column(heading)
    for setting in SETTINGS:
        if options.digitized not in (None, setting.digitizing):
            continue
        jobs = (delayed(assess)(arms, setting, i, options.members) for i, arms in enumerate(known))
        table.add_row(*_row(setting, Parallel(options.jobs)(jobs)))
    Console(width=150).print(table)


def _row(setting: Setting, results: list[Result]) -> list[str]:
    within = np.array([result.within for result in results])
    meets = within.all(axis=1) if setting.totals else within[:, :2].all(axis=1)
    return [
        setting.digitizing,
        setting.printed,
        f"{meets.mean():.1%}",
        *(f"{share:.1%}" for share in within.mean(axis=0)),
        _quantiles([result.hazard_ratio for result in results], (0.5, 0.95, 1.0)),
        _quantiles([result.worst_member for result in results], (0.5, 0.95)),
        _quantiles([result.median for result in results], (0.95, 1.0)),
        f"{np.mean([result.covered for result in results]):.1%}",
        str(sum(result.refused for result in results)),
    ]


def _quantiles(errors: list[float], at: tuple[float, ...]) -> str:
    return " / ".join(f"{100 * q:.2f}" for q in np.quantile(errors, at, method="higher"))


if __name__ == "__main__":
    main()
