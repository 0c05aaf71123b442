"""The figures of simulated studies: scenarios, a zip plot, calibration of stated probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.comparison.run import Comparison
from mgbayes.comparison.simulated import Simulated, Truth, intervals
from mgbayes.comparison.tables import ALPHA, LEVEL
from mgbayes.comparison.truths import TimesTruth, ValuesTruth
from mgbayes.report.comparison_simulated import table
from mgbayes.report.picture import Picture
from mgbayes.report.style import CONTRAST, FAINT, INK, MARKERS, SHADES, SOFT, bare_left

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_FEWEST = 10
"""Studies of a range of stated probabilities, for its share to be drawn."""


@dataclass(frozen=True)
class _Shown:
    """Which methods are drawn; all are in the tables."""

    compared: tuple[str, ...]
    zipped: tuple[str, ...]
    zip_truth: Truth


_SHOWN: dict[type, _Shown] = {
    TimesTruth: _Shown(
        ("log_rank", "cox_firth", "restricted_mean", "fisher", "bayesian_weibull_usual"),
        ("cox_wald", "weibull", "bayesian_weibull_usual", "bayesian_weibull_skeptical_moderate"),
        TimesTruth(0.5, 1.5),
    ),
    ValuesTruth: _Shown(
        ("welch", "mann_whitney", "covariance", "change", "bayesian_normal_usual"),
        ("welch", "covariance", "bayesian_normal_usual", "bayesian_normal_skeptical_moderate"),
        ValuesTruth(-0.5),
    ),
}


def pictures(comparison: Comparison) -> Iterator[Picture]:
    """Of times and of measured outcomes."""
    outcomes = (("times", comparison.times), ("values", comparison.values))  # noqa: PD011, no data frame
    for name, it in outcomes:
        if it is not None:
            yield from _of(name, comparison, it)


def _of(name: str, comparison: Comparison, it: Simulated) -> Iterator[Picture]:
    shown = _SHOWN[it.kind]
    compared, zipped = (
        [rule for rule in rules if rule in it.methods] for rules in (shown.compared, shown.zipped)
    )
    if compared:
        yield Picture(
            f"{name}_scenarios",
            "Conclusions in every scenario: by mistake where there is no effect, on its side where there is one. "
            f"The line across is {100 * ALPHA:g} %. Monte Carlo errors are in the table.",
            (7.2, 0.3 * len(it.truths) + 1.3),
            partial(_scenarios, it, compared),
            partial(_of_rules, it, compared),
        )
    if zipped:
        yield Picture(
            f"{name}_zip",
            f"Zip plot of {100 * LEVEL:g} % intervals in 1000 studies: {shown.zip_truth.label}. Studies whose "
            "estimate lies farthest from the truth, in standard errors, are on top. Dark intervals miss the truth; "
            f"where {100 * LEVEL:g} % cover it, the dark ones begin at the line.",
            (7.2, 3.4),
            partial(_draw_zip, comparison, it, zipped),
            partial(_zip, comparison, it, zipped),
        )
    if compared and any(truth.random for truth in it.truths):
        yield Picture(
            f"{name}_calibration",
            "The probability of an effect above 0 that a method states (a test: one less half of its p), and how "
            "often this is true, where each study has an effect of its own. On the diagonal a probability means what "
            "it says; bars are two Monte Carlo errors.",
            (4.6, 4.4),
            partial(_draw_calibration, it, compared),
            partial(_calibration, it, compared),
        )


def _scenarios(it: Simulated, rules: list[str], figure: Figure) -> None:
    axes = figure.subplots()
    data = it.dataset
    share = 100 * data["power"].fillna(data["concludes_by_mistake"])
    order = sorted(range(len(it.truths)), key=lambda j: (it.truths[j].effect != 0, j), reverse=True)
    axes.axvline(100 * ALPHA, color=SOFT, linewidth=0.8)
    for y, j in enumerate(order):
        row = share.sel(rule=rules)[:, j].to_numpy()
        axes.plot([row.min(), row.max()], [y, y], color=FAINT, linewidth=1.2, zorder=0)
    for k, rule in enumerate(rules):
        points, colour = share.sel(rule=rule).to_numpy()[order], SHADES[k]
        axes.plot(
            points, range(len(order)), MARKERS[k], color=colour, markersize=5, label=it.methods[rule].label
        )
    axes.set_yticks(range(len(order)), [it.truths[j].label for j in order], fontsize=7.5)
    axes.set_xlabel("concludes, % of studies")
    axes.set_xlim(left=0)
    bare_left(axes)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=7.5)


def _of_rules(it: Simulated, rules: list[str]) -> pd.DataFrame:
    """The table of simulated studies, of the methods that are drawn."""
    return table(it).loc[lambda frame: frame["rule"].isin(rules)]


def _zip(comparison: Comparison, it: Simulated, rules: list[str]) -> pd.DataFrame:
    """One row a method and study: the interval, how far its estimate is from the truth, whether it covers it."""
    import pandas as pd

    truth = _SHOWN[it.kind].zip_truth
    answers = intervals(it, truth, rules, comparison.tables.m, comparison.tables.n)
    parts = []
    for rule in rules:
        frame = pd.DataFrame({name: getattr(answers[rule], name) for name in ("estimate", "low", "high")})
        frame = frame[np.isfinite(frame).all(axis=1)]
        away = np.abs(frame["estimate"] - truth.effect) / (frame["high"] - frame["low"])
        frame = frame.iloc[np.argsort(away)].assign(centile=100 * (np.arange(len(frame)) + 0.5) / len(frame))
        covers = (frame["low"] <= truth.effect) & (truth.effect <= frame["high"])
        parts.append(frame.assign(rule=rule, covers=covers))
    return pd.concat(parts)


def _draw_zip(comparison: Comparison, it: Simulated, rules: list[str], figure: Figure) -> None:
    shown = _zip(comparison, it, rules)
    panels = figure.subplots(1, len(rules), sharex=True, sharey=True, squeeze=False)[0]
    for axes, rule in zip(panels, rules, strict=True):
        for covers, colour in ((True, FAINT), (False, INK)):
            rows = shown[(shown["rule"] == rule) & (shown["covers"] == covers)]
            axes.hlines(rows["centile"], rows["low"], rows["high"], color=colour, linewidth=0.6)
        axes.axvline(_SHOWN[it.kind].zip_truth.effect, color=CONTRAST, linewidth=0.9)
        axes.axhline(100 * LEVEL, color=SOFT, linewidth=0.8)
        axes.set_title(it.methods[rule].label.replace(", ", ",\n", 1), fontsize=7.5)
        axes.set_ylim(50, 100)
    panels[0].set_ylabel("centile of the distance from the truth", fontsize=7.5)
    figure.supxlabel("95 % interval of the effect", fontsize=8)


def _calibration(it: Simulated, rules: list[str]) -> pd.DataFrame:
    """One row a method and range of stated probabilities, in percent, with two Monte Carlo errors."""
    import pandas as pd

    data = it.dataset.isel(scenario=next(j for j, truth in enumerate(it.truths) if truth.random))
    parts = []
    for rule in rules:
        weight, stated, true = (
            data[f"calibration_{name}"].sel(rule=rule).to_numpy() for name in ("weight", "stated", "true")
        )
        seen = weight >= _FEWEST
        share = true[seen] / weight[seen]
        columns = {
            "stated": 100 * stated[seen] / weight[seen],
            "true": 100 * share,
            "two_errors": 200 * np.sqrt(share * (1 - share) / weight[seen]),
            "studies": weight[seen],
        }
        parts.append(pd.DataFrame({"rule": rule} | columns))
    return pd.concat(parts)


def _draw_calibration(it: Simulated, rules: list[str], figure: Figure) -> None:
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=SOFT, linewidth=0.8)
    shown = _calibration(it, rules)
    for k, rule in enumerate(rules):
        rows = shown[shown["rule"] == rule]
        axes.errorbar(
            rows["stated"],
            rows["true"],
            rows["two_errors"],
            color=SHADES[k],
            marker=MARKERS[k],
            linewidth=1,
            markersize=4,
            label=it.methods[rule].label,
        )
    axes.set_xticks(np.arange(0, 101, 25))
    axes.set_yticks(np.arange(0, 101, 25))
    axes.set_ylim(-3, 103)
    axes.set_xlabel("stated probability, %")
    axes.set_ylabel("true, % of such studies")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=7)
