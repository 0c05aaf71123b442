"""Figures of one outcome: its curve by arm, and what its model expects to be printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.inference.fit import Fit
from mgbayes.inference.predictive import PredictiveCheck
from mgbayes.models.outcome import outcome_of
from mgbayes.report import style, words
from mgbayes.report.picture import Picture
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORS = (style.REFERENCE, style.CONTRAST)
_LINES = ("--", "-")
ARMS = ("reference", "contrast")
_LEVELS = ("low", "lower_quartile", "median", "upper_quartile", "high")


def curve(study: Study, fit: Fit) -> Iterator[Picture]:
    """The curve of the plan's first fit, by arm, with bands."""
    if fit.curve is None or fit.curve_bands is None:
        return
    labels = (study.reference.label, study.contrast.label)
    draw = _draw_visits if fit.curve.over == "visit" else _draw_times
    yield Picture(
        f"{fit.plan.id}_curve",
        f"{fit.curve.caption} {_legend(study, fit)} Model: {words.model_of(fit)}.",
        (6.4, 3.6),
        lambda figure: draw(figure, fit, labels),
        lambda: _curve_data(fit, labels),
        fit.plan.id,
    )


def _curve_data(fit: Fit, labels: tuple[str, str]) -> pd.DataFrame:
    """One row an arm and place on the curve: the band after the data, and the central 95 % before."""
    import pandas as pd

    assert fit.curve is not None
    assert fit.curve_bands is not None
    assert fit.prior_bands is not None
    over = fit.curve.over
    after = fit.curve_bands["band"].transpose("arm", "level", over)
    before = fit.prior_bands["band"].transpose("arm", "level", over).to_numpy()
    at = after[over].to_numpy() if over == "visit" else list(fit.curve.grid)
    return pd.concat(
        pd.DataFrame(
            {"arm": label, over: at}
            | dict(zip(_LEVELS, after.to_numpy()[arm], strict=True))
            | {"prior_low": before[arm, 0], "prior_high": before[arm, -1]}
        )
        for arm, label in enumerate(labels)
    )


def _legend(study: Study, fit: Fit) -> str:
    """What the crosses and dotted lines are."""
    assert fit.curve is not None
    dotted = "Dotted: where the central 95 % lay before any data (prior); it may run out of the picture."
    if not fit.checks or (fit.curve.over == "visit" and not _crosses(fit, 0)):
        return dotted
    if fit.curve.over == "visit":
        crosses = f"Crosses: the {fit.curve.crosses}s {'of the patients' if fit.used else 'that the paper reports'}."
    else:
        whose = "of the patients" if fit.used else "that the paper counts"
        unit = outcome_of(study, fit.plan).unit
        crosses = (
            f"Crosses: the share {whose} by the end of follow-up, after {words.number(_mean_followup(fit), unit)} "
            "on average (at the right edge where that is later)."
        )
    return f"{crosses} {dotted}"


def _mean_followup(fit: Fit) -> float:
    minimum, shape, scale = np.asarray(fit.data["followup"])
    return float(minimum + shape * scale)


def _printed_share(fit: Fit, falling: bool) -> list[float]:
    """The printed share of each arm, as the curve counts it, in percent; none where nothing is printed."""
    seen = [row.printed for row in fit.checks if row.unit == ""]
    if not seen:
        return []
    shares = np.array(seen) / np.asarray(fit.data["n"])
    return list(100 * (1 - shares if falling else shares))


def _draw_prior(axes: Axes, x: Sequence[float], prior: np.ndarray) -> None:
    """The central 95 % of both arms before any data; the arms differ little in it."""
    for end in (prior[:, 0].min(axis=0), prior[:, -1].max(axis=0)):
        axes.plot(x, end, ":", color=style.REFERENCE, lw=1.2)


def _draw_times(figure: Figure, fit: Fit, labels: tuple[str, str]) -> None:
    assert fit.curve is not None
    assert fit.curve_bands is not None
    assert fit.prior_bands is not None
    axes = figure.add_subplot()
    bands = fit.curve_bands["band"].transpose("arm", "level", fit.curve.over).to_numpy()
    for arm, label in enumerate(labels):
        low, q1, middle, q3, high = bands[arm]
        axes.fill_between(fit.curve.grid, low, high, color=_COLORS[arm], alpha=0.13, lw=0)
        axes.fill_between(fit.curve.grid, q1, q3, color=_COLORS[arm], alpha=0.25, lw=0)
        axes.plot(fit.curve.grid, middle, _LINES[arm], color=_COLORS[arm], lw=2, label=label)
    prior = fit.prior_bands["band"].transpose("arm", "level", fit.curve.over).to_numpy()
    _draw_prior(axes, fit.curve.grid, prior)
    falling = bool(bands[0, 2, 0] > bands[0, 2, -1])
    end = min(_mean_followup(fit), max(fit.curve.grid))
    for arm, share in enumerate(_printed_share(fit, falling)):
        axes.plot(end, share, "x", color=_COLORS[arm], ms=9, mew=2, clip_on=False, zorder=5)
    axes.set_xlim(0, max(fit.curve.grid))
    axes.set_ylim(0, 100)
    _finish(figure, axes, fit)


def _draw_visits(figure: Figure, fit: Fit, labels: tuple[str, str]) -> None:
    assert fit.curve is not None
    assert fit.curve_bands is not None
    assert fit.prior_bands is not None
    axes = figure.add_subplot()
    bands = fit.curve_bands["band"].transpose("arm", "level", "visit").to_numpy()
    visits = [str(visit) for visit in fit.curve_bands["visit"].to_numpy()]
    at = np.arange(len(visits))
    for arm, label in enumerate(labels):
        low, q1, middle, q3, high = bands[arm]
        x = at + (arm - 0.5) * 0.12
        axes.vlines(x, low, high, color=_COLORS[arm], lw=1.2)
        axes.vlines(x, q1, q3, color=_COLORS[arm], lw=4)
        axes.plot(
            x, middle, _LINES[arm], marker=style.MARKERS[arm], color=_COLORS[arm], mec="white", label=label
        )
        printed = _crosses(fit, arm)
        axes.plot(x[: len(printed)], printed, "x", color=style.INK, ms=8, mew=1.5, zorder=5)
    top = axes.get_ylim()[1]
    prior = fit.prior_bands["band"].transpose("arm", "level", "visit").to_numpy()
    _draw_prior(axes, at.tolist(), prior)
    axes.set_xticks(at, visits)
    axes.set_ylim(0, top)
    _finish(figure, axes, fit)


def _crosses(fit: Fit, arm: int) -> list[float]:
    """What is reported of an arm at each visit; nothing where the paper reports something else than is drawn."""
    assert fit.curve is not None
    rows = [row for row in fit.checks if row.arm == ARMS[arm] and row.quantity.endswith(fit.curve.crosses)]
    return [row.printed for row in rows]


def _finish(figure: Figure, axes: Axes, fit: Fit) -> None:
    assert fit.curve is not None
    axes.set_xlabel(fit.curve.x_label)
    axes.set_ylabel(fit.curve.y_label)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)


def predictive(study: Study, fit: Fit) -> Iterator[Picture]:
    """What the plan's first fit expects to be reported, before and after the data, and what was.

    Of a fit on patients: what would be printed of them.
    """
    if not fit.checks:
        return
    units = list(dict.fromkeys(row.unit for row in fit.checks))
    inside = sum(row.inside for row in fit.checks)
    cross = "the patients give" if fit.used else "was published"
    yield Picture(
        f"{fit.plan.id}_predictive",
        "What the model expects a paper like this to report: light, before seeing the data (prior predictive); "
        "dark, after (posterior predictive); lines hold the central 95 %, ticks are medians. The cross is what "
        f"{cross}: {inside} of {len(fit.checks)} crosses lie on their dark line. A light line that is far shorter "
        "than the dark one would be a prior that says too much.",
        (6.8, 0.9 + 0.3 * len(fit.checks) + 0.45 * len(units)),
        lambda figure: _draw_predictive(figure, study, fit, units),
        lambda: _predictive_data(fit),
        fit.plan.id,
    )


def _predictive_data(fit: Fit) -> pd.DataFrame:
    """One row a reported number."""
    import pandas as pd

    ends = ("low", "median", "high")
    return pd.DataFrame(
        {"quantity": row.quantity, "arm": row.arm, "unit": row.unit, "reported": row.printed}
        | {f"prior_{end}": value for end, value in zip(ends, row.prior, strict=True)}
        | {f"posterior_{end}": value for end, value in zip(ends, row.posterior, strict=True)}
        for row in fit.checks
    )


def _draw_predictive(figure: Figure, study: Study, fit: Fit, units: list[str]) -> None:
    groups = [[row for row in fit.checks if row.unit == unit] for unit in units]
    panels = figure.subplots(len(units), 1, height_ratios=[len(group) for group in groups], squeeze=False)
    for axes, group, unit in zip(panels[:, 0], groups, units, strict=True):
        _draw_group(axes, study, group)
        axes.set_xlabel(unit or "patients")


def _draw_group(axes: Axes, study: Study, group: list[PredictiveCheck]) -> None:
    names = {"reference": study.reference.label, "contrast": study.contrast.label, "all": "both arms"}
    for y, row in enumerate(reversed(group)):
        for (low, middle, high), color, shift in (
            (row.prior, style.FAINT, 0.16),
            (row.posterior, style.CONTRAST, -0.12),
        ):
            axes.plot([low, high], [y + shift] * 2, color=color, lw=3, solid_capstyle="butt")
            axes.plot(middle, y + shift, "|", color=style.INK, ms=7)
        axes.plot(row.printed, y - 0.12, "x", color=style.INK, ms=7, mew=1.5, zorder=5)
    rows = [f"{row.quantity}, {names[row.arm]}" for row in reversed(group)]
    axes.set_yticks(range(len(group)), rows, fontsize=7.5)
    axes.set_xlim(left=0, right=_right(group))
    style.bare_left(axes)


def _right(group: list[PredictiveCheck]) -> float:
    """Wide enough for the print and the posterior; a prior may run out of the picture."""
    most = max(max(row.printed, row.posterior[2]) for row in group)
    return min(1.05 * max(row.prior[2] for row in group), 3 * most) if most > 0 else 1.0
