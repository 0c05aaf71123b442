"""The figures. Each says in its caption what the reader should see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.estimands.summary import QUANTILES, EstimandSummary, chance_quantiles
from mgbayes.grade.findings import is_share
from mgbayes.inference.fit import Fit
from mgbayes.models.plan import Plan
from mgbayes.report import style, words
from mgbayes.report.main_figure import main_figure
from mgbayes.report.outcome_figures import curve, predictive
from mgbayes.report.overall_figures import pictures as overall
from mgbayes.report.picture import Picture
from mgbayes.report.results import Reanalysis
from mgbayes.verification.result import ClaimResult, TestResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALLEST_P = 1e-4
_RATIO_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def pictures(reanalysis: Reanalysis) -> Iterator[Picture]:
    """Every figure of a re-analysis."""
    yield from main_figure(reanalysis)
    yield from _printed_p(reanalysis)
    for group in reanalysis.by_plan():
        fits = [fit for fit in group if fit.estimands]
        if fits:
            yield from curve(reanalysis.study, fits[0])
            yield from _chances(reanalysis, fits)
            yield from _forest(reanalysis, fits)
            yield from predictive(reanalysis.study, fits[0])
    if reanalysis.overall is not None:
        yield from overall(reanalysis.overall, reanalysis.study.contrast.label)


# ------------------------------------------------------------------ printed p values


def _printed_p(reanalysis: Reanalysis) -> Iterator[Picture]:
    rows = [row for row in reanalysis.ledger.claims if row.tests and row.p_printed]
    if rows:
        yield Picture(
            "printed_p",
            "Each row is one reported p value (diamond, or an arrow where the paper reports a bound). Bars and "
            "dots are the p values that the published numbers give: dark where the paper names the test, "
            "light where it does not but gives the reported p; a hatched bar spans all that the summaries allow "
            "(the data sets searched, or the pairing). A diamond on a dark mark is reproduced; one far from all "
            "is not.",
            (7.2, 0.8 + 0.36 * len(rows)),
            lambda figure: _draw_printed_p(reanalysis, rows, figure),
            lambda: _printed_p_data(rows),
        )


def _printed_p_data(rows: list[ClaimResult]) -> pd.DataFrame:
    """One row a test that is drawn."""
    return _frame(
        {
            "claim": row.id,
            "p_printed": row.p_printed,
            "test": test.name,
            "visit": test.visit,
            "p_low": test.p_low,
            "p_high": test.p_high,
            "named_in_methods": test.named,
            "matches": test.matches,
            "data_sets_searched": test.searched,
        }
        for row in rows
        for test in row.tests
        if test.named or test.matches
    )


def _frame(rows: Iterable[dict[str, object]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)


def _draw_printed_p(reanalysis: Reanalysis, rows: list[ClaimResult], figure: Figure) -> None:
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_xlim(_SMALLEST_P / 1.5, 1.35)
    for y, row in enumerate(reversed(rows)):
        axes.axhline(y, color=style.FAINT, lw=0.6, zorder=0)
        for test in sorted(row.tests, key=lambda test: test.named):
            if test.named or test.matches:
                _draw_test(axes, y, test)
        for text in reanalysis.study.claim(row.id).p_by_source.values():
            printed = reanalysis.study.parse_p(text)
            shape = {"<": 4, ">": 5}.get(printed.relation, "D")
            axes.plot(
                max(printed.value, _SMALLEST_P),
                y,
                marker=shape,
                color="white",
                mec=style.INK,
                mew=1.4,
                ms=7,
                zorder=5,
            )
    axes.set_yticks(
        range(len(rows)), [f"{row.what}\np {row.p_printed}" for row in reversed(rows)], fontsize=7
    )
    axes.set_xlabel("p value")
    axes.set_xticks(
        [0.0001, 0.001, 0.01, 0.05, 0.1, 0.5, 1], ["<0.0001", "0.001", "0.01", "0.05", "0.1", "0.5", "1"]
    )
    axes.minorticks_off()
    style.bare_left(axes)


def _draw_test(axes: Axes, y: float, test: TestResult) -> None:
    low, high = max(test.p_low, _SMALLEST_P), max(test.p_high, _SMALLEST_P)
    color = style.CONTRAST if test.named else style.SOFT
    if test.searched or test.p_high > 3 * max(test.p_low, 1e-12):
        axes.barh(
            y - 0.22,
            high - low,
            left=low,
            height=0.16,
            color="white",
            edgecolor=color,
            hatch="////",
            lw=0.6,
        )
        return
    axes.plot([low, high], [y, y], "-o", color=color, lw=4, ms=4, zorder=3 if test.named else 2)


# ------------------------------------------------------------------ chances by arm


def _chances(reanalysis: Reanalysis, fits: list[Fit]) -> Iterator[Picture]:
    fit = fits[0]
    if "chance" not in fit.posterior:
        return
    labels = [str(label) for label in np.asarray(fit.data["endpoint_label"])]
    study = reanalysis.study
    yield Picture(
        f"{fit.plan.id}_chances",
        "The chance of each event in each arm, given the published counts: the dot is the posterior median, the "
        "thick line holds the central 50 % and the thin line the central 95 %; the cross is the published "
        "proportion. Where the two lines overlap widely, the arms cannot be told apart. Model: "
        f"{words.model_of(fit)}.",
        (6.4, 0.9 + 0.7 * len(labels)),
        lambda figure: _draw_chances(figure, fit, labels, (study.reference.label, study.contrast.label)),
        lambda: _chances_data(fit, labels, (study.reference.label, study.contrast.label)),
        fit.plan.id,
    )


def _chances_data(fit: Fit, labels: list[str], arms: tuple[str, str]) -> pd.DataFrame:
    """One row an outcome and arm, in percent."""
    chance = chance_quantiles(fit.posterior)
    counts, patients = np.asarray(fit.data["count"]), np.asarray(fit.data["patients"])
    return _frame(
        {"outcome": label, "arm": arm, "published": 100 * counts[k, a] / patients[k, a]}
        | dict(zip(QUANTILES, chance[k, a], strict=True))
        for k, label in enumerate(labels)
        for a, arm in enumerate(arms)
    )


def _draw_chances(figure: Figure, fit: Fit, labels: list[str], arms: tuple[str, str]) -> None:
    axes = figure.add_subplot()
    chance = chance_quantiles(fit.posterior)
    counts, patients = np.asarray(fit.data["count"]), np.asarray(fit.data["patients"])
    for k in range(len(labels)):
        for a, color in enumerate((style.REFERENCE, style.CONTRAST)):
            y = len(labels) - 1 - k + (0.14 if a == 0 else -0.14)
            _draw_interval(axes, y, chance[k, a], color, style.MARKERS[a], arms[a] if k == 0 else None)
            axes.plot(100 * counts[k, a] / patients[k, a], y, "x", color=style.INK, ms=6, mew=1.3, zorder=6)
    rows = [
        "\n".join([label, *(f"{arm} {x}/{n}" for arm, x, n in zip(arms, xs, ns, strict=True))])
        for label, xs, ns in zip(labels, counts, patients, strict=True)
    ]
    axes.set_yticks(range(len(labels)), list(reversed(rows)), fontsize=7.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("chance of the event, %")
    style.bare_left(axes)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)


def _draw_interval(
    axes: Axes, y: float, quantiles: np.ndarray, color: str, marker: str, label: str | None
) -> None:
    low, q1, middle, q3, high = quantiles
    axes.plot([low, high], [y, y], color=color, lw=1.2)
    axes.plot([q1, q3], [y, y], color=color, lw=4, solid_capstyle="butt")
    axes.plot(middle, y, marker, color=color, mec="white", ms=7, label=label, zorder=5)


# ------------------------------------------------------------------ forest of contrasts


def _forest(reanalysis: Reanalysis, fits: list[Fit]) -> Iterator[Picture]:
    plan = fits[0].plan
    rows = [(fit, row) for fit in fits for row in reanalysis.summaries(fit) if row.estimand.of_arms]
    scales = dict.fromkeys((row.estimand.null, row.estimand.unit) for _, row in rows)
    for at, (scale, unit) in enumerate(scales):
        part = [(f, r) for f, r in rows if (r.estimand.null, r.estimand.unit) == (scale, unit)]
        kind = "ratios" if scale == 1 else "differences"
        name = f"{plan.id}_{kind}" + (f"_{unit.replace('/', '_per_')}" if unit else "")
        yield Picture(
            name,
            _forest_caption(reanalysis, plan, f"{kind}{f', {unit}' if unit else ''}", brief=at > 0),
            (7.2, 0.9 + 0.32 * len(part)),
            _forest_drawer(reanalysis, part, ratio=scale == 1, unit=unit),
            partial(_forest_data, part),
            plan.id,
        )


def _forest_caption(reanalysis: Reanalysis, plan: Plan, kind: str, *, brief: bool) -> str:
    contrast = words.first_upper(words.contrast_of(reanalysis.study))
    if brief:
        return f"{contrast}, {kind}: {words.first_lower(plan.title)}. Marks as in the figure before."
    text = f"{contrast}, {kind}: median and central 95 % interval. The dashed line is no difference. "
    if plan.role == "balance":
        return text + "An interval away from the line is a difference that was there before treatment."
    return text + (
        f"On the right, the probability that {reanalysis.study.contrast.label} patients do better. Rows of the "
        "same outcome differ only in how it is modelled: where they disagree, the answer depends on the model."
    )


def _forest_data(rows: list[tuple[Fit, EstimandSummary]]) -> pd.DataFrame:
    """One row an estimand and analysis."""
    return _frame(
        {
            "estimand": row.estimand.id,
            "label": row.estimand.label,
            "analysis": words.model_of(fit),
            "unit": row.estimand.unit,
            "median": row.median,
            "low": row.low,
            "high": row.high,
            "p_benefit": row.p_benefit,
        }
        for fit, row in rows
    )


def _forest_drawer(
    reanalysis: Reanalysis, rows: list[tuple[Fit, EstimandSummary]], *, ratio: bool, unit: str
) -> style.Draw:
    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        models = list(dict.fromkeys(words.model_of(fit) for fit, _ in rows))
        ordered = sorted(rows, key=lambda row: (_order(rows, row[1]), models.index(words.model_of(row[0]))))
        labels = []
        for y, (fit, row) in zip(range(len(ordered) - 1, -1, -1), ordered, strict=True):
            at = models.index(words.model_of(fit))
            color, marker = style.SHADES[at % len(style.SHADES)], style.MARKERS[at % len(style.MARKERS)]
            axes.plot([row.low, row.high], [y, y], color=color, lw=1.6)
            axes.plot(row.median, y, marker, color=color, ms=6)
            labels.append(_row_label(row, words.model_of(fit) if len(models) > 1 else ""))
            if row.p_benefit is not None:
                axes.annotate(
                    words.percent(row.p_benefit),
                    (1.01, y),
                    xycoords=("axes fraction", "data"),
                    va="center",
                    fontsize=8,
                )
        axes.axvline(rows[0][1].estimand.null, color=style.INK, lw=0.8, ls="--", zorder=0)
        axes.set_yticks(range(len(ordered)), list(reversed(labels)), fontsize=7.5)
        axes.set_ylim(-0.6, len(ordered) - 0.4)
        if ratio:
            axes.set_xscale("log")
            low, high = axes.get_xlim()
            ticks = [tick for tick in _RATIO_TICKS if low <= tick <= high]
            axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axes.minorticks_off()
        if all(is_share(row.estimand) for _, row in rows):
            axes.xaxis.set_major_formatter(lambda share, at: f"{100 * share:.0f}".replace("-", "\u2212"))
            unit_shown = "percentage points"
        else:
            unit_shown = unit
        axes.set_xlabel(f"{words.contrast_of(reanalysis.study)}{', ' + unit_shown if unit_shown else ''}")
        if any(row.p_benefit is not None for _, row in ordered):
            axes.set_title("chance of benefit", loc="right", fontsize=8, fontweight="normal")
        style.bare_left(axes)

    return draw


def _row_label(row: EstimandSummary, family: str) -> str:
    """The contrast, which side of the line is better, and the model where there are several."""
    side = {"higher": "above", "lower": "below", None: ""}[row.estimand.benefit]
    better = f"{side} {row.estimand.null:g} is better" if side else ""
    return "\n".join([row.estimand.label, "; ".join(part for part in (family, better) if part)]).rstrip()


def _order(rows: list[tuple[Fit, EstimandSummary]], row: EstimandSummary) -> int:
    return list(dict.fromkeys(r.estimand.id for _, r in rows)).index(row.estimand.id)
