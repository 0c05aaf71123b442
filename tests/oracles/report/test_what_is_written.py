"""results.json, every table, the page and the figures of a toy, against values worked out here from its draws.

Nothing of the code under test is called for an expected value: quantiles, shares and words are made by the few lines
below, and which side of the null is better is read from the words that a person wrote in the toy.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from mgbayes.report.figures import pictures
from mgbayes.report.results import Reanalysis
from mgbayes.report.write import write
from tests.oracles.report import toy
from tests.oracles.report.toy import Row, ToyFit

USABLE = [fit for fit in toy.FITS if not fit.failed]
ROWS = [(fit, row) for fit in USABLE for row in fit.rows]
FIT_NAMES = {
    ("home", "lognormal", None, None): "log-normal distribution, follow-up assumed",
    ("home", "gamma", None, None): "gamma distribution, follow-up assumed",
    ("falls", "weibull", None, None): "Weibull distribution",
    ("falls", "weibull", None, "log-rank"): "Weibull distribution, given the reported p as log-rank",
    ("pain", "normal", None, None): "normal distribution, differences of means",
    ("pain", "normal", "slip", None): "normal distribution, differences of means, slip",
    ("walks", "hierarchical", None, None): "outcomes share information",
    ("balance", "independent", None, None): "each outcome by itself",
}


def name_of(fit: ToyFit) -> str:
    return FIT_NAMES[fit.plan["id"], fit.family, fit.alternative, fit.test]


# ------------------------------------------------------------------ values, worked out by plain arithmetic


def quantile(values: list[float], q: float) -> float:
    """Between the two nearest of the sorted values."""
    at = q * (len(values) - 1)
    low = floor(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


@dataclass(frozen=True)
class Expected:
    """What is to be said of one estimand."""

    mean: float
    median: float
    sd: float
    low: float
    high: float
    p_above: float
    p_benefit: float | None
    p_important: float | None


def expected(fit: ToyFit, row: Row) -> Expected:
    values = sorted(toy.draws_of(fit, row).ravel().tolist())
    n = len(values)
    mean = sum(values) / n

    def share_better_than(bound: float) -> float:
        if row.better.startswith("above"):
            return sum(value > bound for value in values) / n
        return sum(value < bound for value in values) / n

    return Expected(
        mean=mean,
        median=quantile(values, 0.5),
        sd=(sum((value - mean) ** 2 for value in values) / (n - 1)) ** 0.5,
        low=quantile(values, 0.025),
        high=quantile(values, 0.975),
        p_above=sum(value > row.null for value in values) / n,
        p_benefit=share_better_than(row.null) if row.better else None,
        p_important=share_better_than(row.least) if row.better and row.least is not None else None,
    )


def shown(value: float) -> str:
    """A number with three digits or so, as the page shows it."""
    size = abs(value)
    text = f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
    return text.replace("-", "−")


def shown_interval(row: Row, it: Expected) -> str:
    if row.id.startswith(("risk_difference", "event_free")):  # shares of 40 patients: no decimals
        ends = [f"{100 * value:.0f}".replace("-", "−") for value in (it.median, it.low, it.high)]
        return f"{ends[0]} ({ends[1]} to {ends[2]}) percentage points"
    text = f"{shown(it.median)} ({shown(it.low)} to {shown(it.high)})"
    return f"{text} {row.unit}" if row.unit else text


def shown_percent(p: float) -> str:
    if p > 0.995:
        return "over 99 %"
    return "under 1 %" if p < 0.005 else f"{round(100 * p):d} %"


def said(p: float) -> str:
    """How a doctor would say a chance that the new care is better."""
    if p < 0.5:
        mirrored = said(1 - p)
        return mirrored.replace("better", "worse")
    for edge, text in ((0.99, "almost certainly"), (0.95, "very probably"), (0.9, "probably")):
        if p >= edge:
            return f"{text} better"
    lean = "perhaps better; the data lean that way without settling it"
    return lean if p >= 0.75 else "inconclusive; the data do not distinguish the arms"


# ------------------------------------------------------------------ what was written


class _Page(HTMLParser):
    """The cells of every table by row, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self._cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True
        if tag == "br" and self._cell:
            self.rows[-1][-1] += " | "

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._cell:
            self.rows[-1][-1] += data


@dataclass(frozen=True)
class Written:
    """The toy, what was written of it, and its page."""

    reanalysis: Reanalysis
    folder: Path
    results: dict[str, Any]
    page: _Page

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.page.text).split())

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module", name="written")
def _written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    made = toy.reanalysis()
    folder = tmp_path_factory.mktemp("toy") / "out"
    write(made, folder)
    page = _Page()
    page.feed((folder / "report.html").read_text("utf-8"))
    return Written(made, folder, json.loads((folder / "results.json").read_text("utf-8")), page)


def close(value: float | None) -> Any:
    """Ten digits are written."""
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)


def test_results_hold_what_the_draws_say(written: Written) -> None:
    assert len(written.results["fits"]) == len(toy.FITS)
    for fit, found in zip(toy.FITS, written.results["fits"], strict=True):
        assert (found["plan"], found["family"], found["alternative"]) == (
            fit.plan["id"],
            fit.family,
            fit.alternative,
        )
        assert found["status"] == ("failed" if fit.failed else "ok")
        assert len(found["estimands"]) == (0 if fit.failed else len(fit.rows))
        for row, got in zip(fit.rows, found["estimands"], strict=False):
            it = expected(fit, row)
            assert (got["id"], got["label"], got["unit"], got["null"]) == (
                row.id,
                row.label,
                row.unit,
                row.null,
            )
            assert got["benefit"] == {"above": "higher", "below": "lower", "": None}[row.better.split(" ")[0]]
            assert got["mean"] == close(it.mean)
            assert got["median"] == close(it.median)
            assert got["sd"] == close(it.sd)
            assert got["interval"] == {
                "kind": "equal-tailed",
                "prob": 0.95,
                "low": close(it.low),
                "high": close(it.high),
            }
            assert got["p_benefit"] == close(it.p_benefit)
            assert got["p_above_null"] == close(it.p_above)
            assert got["important_threshold"] == row.least
            assert got["p_important"] == close(it.p_important)


def test_the_toy_can_tell_the_faults_apart() -> None:
    """No chance lies where a reversal would leave it, and an important benefit is rarer than any benefit."""
    for fit, row in ROWS:
        it = expected(fit, row)
        if it.p_benefit is not None:
            assert abs(it.p_benefit - 0.5) > 0.04
        if it.p_important is not None and it.p_benefit is not None and it.p_benefit > 0.01:
            assert it.p_important < it.p_benefit - 0.04


def test_the_table_of_estimands_holds_the_same(written: Written) -> None:
    table = written.table("estimands")
    assert len(table) == len(ROWS)
    for (fit, row), got in zip(ROWS, table, strict=True):
        it = expected(fit, row)
        assert (got["plan"], got["family"], got["estimand"]) == (fit.plan["id"], fit.family, row.id)
        assert (got["label"], got["unit"]) == (row.label, row.unit)
        assert got["benefit"] == {"above": "higher", "below": "lower", "": ""}[row.better.split(" ")[0]]
        assert float(got["null"]) == row.null
        for column, value in {
            "mean": it.mean,
            "median": it.median,
            "sd": it.sd,
            "low": it.low,
            "high": it.high,
            "p_benefit": it.p_benefit,
            "p_important": it.p_important,
            "important_threshold": row.least if row.better else None,
        }.items():
            assert (None if got[column] == "" else float(got[column])) == close(value), column


def test_the_other_tables_hold_what_the_fits_have(written: Written) -> None:
    diagnostics = written.table("diagnostics")
    assert [row["status"] for row in diagnostics] == ["failed" if fit.failed else "ok" for fit in toy.FITS]
    assert [float(row["rhat_max"]) for row in diagnostics] == [1.5 if fit.failed else 1.0 for fit in toy.FITS]
    for row in written.table("priors"):  # Normal(0, 1.5): 1.96 SDs to each side
        assert float(row["low"]) == pytest.approx(-1.959964 * 1.5, rel=1e-6)
        assert float(row["high"]) == pytest.approx(1.959964 * 1.5, rel=1e-6)
    (check,) = written.table("predictive")
    assert [float(check[f"prior_{end}"]) for end in ("low", "median", "high")] == [1.0, 8.0, 17.0]
    assert [float(check[f"posterior_{end}"]) for end in ("low", "median", "high")] == [2.0, 6.0, 11.0]
    assert (check["printed"], check["inside"]) == ("6", "True")
    claims = {row["id"]: row for row in written.table("claims")}
    assert claims["home.counts"]["printed"] == "Old care 8, New care 14"
    assert claims["home.counts"]["p_printed"] == "0.11"


# ------------------------------------------------------------------ all outcomes together


def _standardized(fit: ToyFit, row: Row) -> np.ndarray:
    """Benefit in SDs of the outcome: log times have one of 0.5, pain has one of 10 points."""
    draws = toy.draws_of(fit, row)
    worse_to_better = 1 if row.better.startswith("above") else -1
    scaled = {
        "time_ratio": lambda: np.log(draws) / 0.5,
        "hazard_ratio": lambda: np.log(draws) * 6**0.5 / np.pi,
        "odds_ratio_ever": lambda: np.log(draws) * 3**0.5 / np.pi,
        "mean_difference_end": lambda: draws / 10.0,
    }[row.id]()
    return worse_to_better * np.asarray(scaled)


MAIN = [
    (toy.FITS[0], toy.HOME_ROWS[1]),
    (toy.FITS[3], toy.FALL_ROWS[0]),
    (toy.FITS[5], toy.PAIN_ROWS[0]),
]


def mean_benefit_above_zero(parts: list[np.ndarray], rho: float = 0.3) -> float:
    """P(mean of the outcomes' benefits > 0), tau on a fine grid, each normal posterior by its textbook form."""
    y = np.array([part.mean() for part in parts])
    sd = np.array([part.std(ddof=1) for part in parts])
    noise = np.outer(sd, sd) * (rho + (1 - rho) * np.eye(len(y)))
    total, above = 0.0, 0.0
    from scipy.stats import multivariate_normal, norm

    for tau in np.linspace(0.0, 4.0, 1601):
        prior = np.full((len(y), len(y)), 1.0) + tau**2 * np.eye(len(y))  # mu ~ Normal(0, 1)
        weight = np.exp(-0.5 * (tau / 0.5) ** 2) * multivariate_normal.pdf(y, cov=noise + prior)
        gain = prior @ np.linalg.inv(noise + prior)
        mean, covariance = (gain @ y).mean(), (prior - gain @ prior).mean()
        total += weight
        above += weight * norm.cdf(mean / covariance**0.5)
    return float(above / total)


def test_the_overall_answer_and_its_changes_stand_on_the_main_outcomes(written: Written) -> None:
    overall, table = written.results["overall"], written.table("overall")
    for (fit, row), got in zip(MAIN, overall["outcomes"], strict=True):
        it, scaled = expected(fit, row), _standardized(fit, row)
        assert (got["outcome"], got["label"]) == (fit.plan["id"], row.label)
        assert got["p_benefit"] == close(it.p_benefit)
        assert got["mean"] == close(float(scaled.mean()))
    parts = [_standardized(fit, row) for fit, row in MAIN]
    # the rule over tau here and there: a thousandth of a chance is more than they differ by
    assert overall["answer"]["p_mean"] == pytest.approx(mean_benefit_above_zero(parts), abs=1e-3)
    assert float(table[0]["p_mean"]) == close(overall["answer"]["p_mean"])
    for got, kept in zip(table[1:], overall["variations"], strict=True):
        assert (got["kind"], got["change"]) == (kept["kind"], kept["change"])
        assert float(got["p_mean"]) == close(kept["p_mean"])
    changed = {row["change"]: row["p_mean"] for row in overall["variations"]}
    in_place = {
        "Discharge, gamma distribution, follow-up assumed": (0, toy.FITS[1], toy.HOME_GAMMA_ROWS[1]),
        "Falls, Weibull distribution, given the reported p as log-rank": (1, toy.FITS[4], toy.FALL_P_ROWS[0]),
        "Pain, normal distribution, differences of means, slip": (2, toy.FITS[6], toy.SLIP_ROWS[0]),
        "Odds ratio, discharge at any time": (0, toy.FITS[0], toy.HOME_ROWS[0]),
    }
    for change, (at, fit, row) in in_place.items():
        scaled = _standardized(fit, row)
        if (
            row.id == "time_ratio"
        ):  # gamma times with shape 0.5: the SD of their logs is the root of trigamma(0.5)
            scaled = scaled * 0.5 / (np.pi**2 / 2) ** 0.5
        other = [*parts[:at], scaled, *parts[at + 1 :]]
        assert changed[change] == pytest.approx(mean_benefit_above_zero(other), abs=1e-3), change
    assert overall["missing"] == ["Discharge, Weibull distribution, follow-up assumed"]
    assert overall["overlapping"] == ["Walking"]


def test_the_page_says_the_range_of_the_overall_answer_and_what_is_missing(written: Written) -> None:
    overall = written.results["overall"]
    chances = [overall["answer"]["p_mean"], *(row["p_mean"] for row in overall["variations"])]
    low, high = shown_percent(min(chances)), shown_percent(max(chances))
    assert (
        f"the probability that the mean benefit of New care is above zero is {shown_percent(chances[0])}, and {low} "
        f"to {high} with one assumption or analysis changed at a time; 1 of the analyses gave no estimate; follow-up "
        "assumed." in written.text
    )
    assert "Discharge, Weibull distribution, follow-up assumed. What they would have said" in written.text
    assert "overlap with these: Walking." in written.text


def test_the_number_of_outcomes_in_favour_is_bounded_by_the_chances_of_each(written: Written) -> None:
    p = [expected(fit, row).p_benefit or 0.0 for fit, row in MAIN]
    table = written.table("agreement")
    assert [row["at_least"] for row in table] == ["1", "2", "3"]
    assert float(table[2]["low_any_dependence"]) == close(max(0.0, sum(p) - 2))
    assert float(table[2]["high_any_dependence"]) == close(min(p))
    assert float(table[0]["low_any_dependence"]) == close(max(p))
    assert float(table[0]["high_any_dependence"]) == close(min(1.0, sum(p)))
    # independent outcomes: all three with the product of their chances
    assert float(table[2]["correlation_0"]) == pytest.approx(p[0] * p[1] * p[2], abs=1e-9)


# ------------------------------------------------------------------ the page


HEADLINES = [
    (toy.FITS[0], toy.HOME_ROWS[1]),
    (toy.FITS[0], toy.HOME_ROWS[0]),
    (toy.FITS[3], toy.FALL_ROWS[0]),
    (toy.FITS[5], toy.PAIN_ROWS[0]),
    (toy.FITS[7], toy.WALK_ROWS[0]),
]
REPORTED = {
    "time_ratio": "Old care 6.0 ± 2.0, New care 4.0 ± 2.0; p 0.2",
    "odds_ratio_ever": "Old care 8, New care 14; p 0.11",
    "hazard_ratio": "Kaplan-Meier; p 0.09",
    "mean_difference_end": "Old care 30 ± 10, New care 25 ± 10; p 0.75",
    "odds_ratio_walks": "Old care 10, New care 13",
}


def _rows(written: Written, *head: str) -> list[list[str]]:
    """The rows of every table that begins with these heads."""
    found: list[list[str]] = []
    inside, width = False, 0
    for row in written.page.rows:
        if inside and len(row) == width and row[: len(head)] != list(head):
            found.append(row)
            continue
        inside, width = row[: len(head)] == list(head), len(row)
    return found


def test_the_summary_of_findings_says_what_the_draws_and_the_paper_say(written: Written) -> None:
    found = {row[0]: row for row in _rows(written, "Outcome", "Patients")}
    assert set(found) == {row.label for _, row in HEADLINES}
    for fit, row in HEADLINES:
        it, cells = expected(fit, row), found[row.label]
        assert it.p_benefit is not None
        assert it.p_important is not None
        assert cells[2] == REPORTED[row.id]
        assert cells[4 if row.null == 1 else 3] == shown_interval(row, it)
        assert cells[5] == shown_percent(it.p_benefit)
        assert cells[6].startswith(shown_percent(it.p_important))
        assert ("follow-up assumed" in cells[7]) == (fit.plan["id"] == "home")
        assert ("imprecise" in cells[7]) == (it.low <= row.null <= it.high)


def test_the_range_of_the_chances_is_that_over_the_analyses(written: Written) -> None:
    found = {row[0]: row for row in _rows(written, "Estimand", "Range of P(benefit)")}
    for fit, row in HEADLINES:
        others = [expected(f, r).p_benefit or 0.0 for f, r in ROWS if r.id == row.id and f.plan is fit.plan]
        low, high = shown_percent(min(others)), shown_percent(max(others))
        assert found[row.label][1] == (low if low == high else f"{low} to {high}")


def test_the_conclusion_names_the_outcomes_that_are_settled_and_those_that_are_not(written: Written) -> None:
    mains = [(fit, row) for fit, row in [*MAIN, HEADLINES[-1]]]
    (text,) = [part for part in written.page.text if "Certainty of the evidence: " in part]
    overall = written.results["overall"]["answer"]["p_mean"]
    assert f"main outcomes together the probability is {shown_percent(overall)}." in text
    _, _, unsettled = text.partition(
        "Inconclusive at 95 %, with the probability that New care patients do better: "
    )
    for fit, row in mains:
        it = expected(fit, row)
        assert it.p_benefit is not None
        label = row.label[0].lower() + row.label[1:]
        if 0.05 < it.p_benefit < 0.95:
            outcome = label.removeprefix("odds ratio, ").removeprefix("hazard ratio, ")
            assert f"{outcome} {shown_percent(it.p_benefit)}" in unsettled
        else:
            side = "Better" if it.p_benefit >= 0.95 else "Worse"
            assert re.search(rf"{side} for New care: [^.]*{label} {re.escape(shown_interval(row, it))}", text)


def test_robust_is_said_only_where_every_analysis_concludes_alike(written: Written) -> None:
    said_of = {row[0]: row[2] for row in _rows(written, "Estimand", "Range of P(benefit)")}
    assert said_of["Odds ratio, walking alone"].startswith("robust, worse")
    for label, text in said_of.items():
        if label != "Odds ratio, walking alone":
            assert "robust" not in text
    assert said_of["Ratio of times to discharge, among patients with it"].endswith("1 missing")


def test_every_table_of_estimands_says_what_the_draws_say(written: Written) -> None:
    found = {(cells[0], cells[1]): cells[2:] for cells in _rows(written, "Estimand", "Analysis")}
    assert len(found) == len(ROWS)
    for fit, row in ROWS:
        it = expected(fit, row)
        cells = found[row.label, name_of(fit)]
        assert cells[0] == shown_interval(row, it)
        assert cells[1] == ("" if it.p_benefit is None else shown_percent(it.p_benefit))
        if it.p_important is None:
            assert cells[2] == ""
        else:
            assert cells[2].startswith(f"{shown_percent(it.p_important)} (")


def test_every_sentence_of_a_headline_names_estimand_number_interval_and_meaning(written: Written) -> None:
    for fit, row in HEADLINES:
        it = expected(fit, row)
        assert it.p_benefit is not None
        sign = ">" if row.better.startswith("above") else "<"
        label = row.label[0].lower() + row.label[1:]
        p = it.p_benefit
        equals = "< 0.01" if p < 0.005 else "> 0.99" if p > 0.995 else f"= {p:.2f}"
        assumed = " (follow-up assumed)" if fit.plan["id"] == "home" else ""
        assert (
            f"{row.label}: {shown_interval(row, it)}{assumed}; the probability that New care patients do better is "
            f"{shown_percent(p)}, P({label} {sign} {row.null:g}) {equals} ({said(p)})." in written.text
        )


def test_the_page_says_what_a_waiting_time_and_an_assumed_follow_up_mean(written: Written) -> None:
    assert (
        "Discharge counts only in a patient who was followed for 2 weeks beyond it, so that follow-up must exceed "
        "the time to discharge by 2 weeks: patients counted as having it were by definition followed that long "
        "(immortal time)" in written.text
    )
    assert "Fall counts only" not in written.text
    assert (
        "Discharge: follow-up is assumed, not reported, 12 weeks (all stayed for twelve weeks)."
        in written.text
    )


def test_every_reported_p_between_the_arms_is_listed_with_its_use(written: Written) -> None:
    rows = {row["claim"]: row for row in written.table("reported_p")}
    assert {name: row["used"] for name, row in rows.items()} == {
        "home.time": "",
        "home.counts": "",
        "fall.time": "log-rank",
        "pain.end": "",
        "mood.arms": "",
    }
    assert "reported counts" in rows["home.counts"]["why_not"]
    assert "each patient's value" in rows["pain.end"]["why_not"]
    assert "no plan" in rows["mood.arms"]["why_not"]
    # p = 0.75 is |z| = 0.32 (tables of the normal distribution)
    fit, row = MAIN[2]
    draws = toy.draws_of(fit, row)
    z = abs(draws.mean()) / draws.std(ddof=1)
    assert rows["pain.end"]["effect"] == (
        f"|z| of 0.3 against {z:.1f} in the fit (mean difference, pain at end): it would pull towards no difference"
    )
    before = expected(*MAIN[1]).p_benefit
    after = expected(toy.FITS[4], toy.FALL_P_ROWS[0]).p_benefit
    assert rows["fall.time"]["effect"] == (
        f"as a log-rank test: P(benefit) of the hazard ratio, fall is {after:.2f} in place of {before:.2f}"
    )
    for claim in rows:
        assert claim in written.text
    assert written.results["reported_p"] == [
        {
            "plan": row["plan"] or None,
            "claim": row["claim"],
            "what": row["what"],
            "p": row["p"],
            "used": [row["used"]] if row["used"] else [],
            "why_not": row["why_not"],
            "effect": row["effect"],
        }
        for row in written.table("reported_p")
    ]


# ------------------------------------------------------------------ the figures


def drawn(written: Written, name: str) -> Figure:
    picture = next(row for row in pictures(written.reanalysis) if row.name == name)
    figure = Figure(figsize=picture.size)
    picture.draw(figure)
    return figure


def test_the_lines_of_a_curve_bear_the_label_of_their_own_arm(written: Written) -> None:
    (axes,) = drawn(written, "falls_curve").axes
    lines = {str(line.get_label()): np.asarray(line.get_ydata()).tolist() for line in axes.lines}
    for arm, middle in toy.FREE.items():
        assert lines[arm] == list(middle)
    assert axes.get_xlabel() == "weeks since admission"


def test_the_chances_of_an_arm_bear_its_label(written: Written) -> None:
    (axes,) = drawn(written, "walks_chances").axes
    dots = {str(line.get_label()): float(np.asarray(line.get_xdata())[0]) for line in axes.lines}
    for arm, middle in toy.CHANCES.items():
        assert dots[arm] == pytest.approx(100 * middle, abs=0.01)
    (label,) = [text.get_text() for text in axes.get_yticklabels()]
    assert label == "walking alone\nOld care 10/20\nNew care 13/20"


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("home_ratios", [(f, r) for f, r in ROWS if f.plan is toy.HOME and r.null == 1]),
        ("home_differences", [(f, r) for f, r in ROWS if r.id == "risk_difference_8"]),
        ("home_differences_weeks", [(f, r) for f, r in ROWS if f.plan is toy.HOME and r.unit]),
        ("falls_ratios", [(f, r) for f, r in ROWS if f.plan is toy.FALLS and r.null == 1]),
        ("falls_differences_weeks", [(f, r) for f, r in ROWS if f.plan is toy.FALLS and r.unit]),
        ("pain_differences_points", [(f, r) for f, r in ROWS if f.plan is toy.PAIN]),
        ("walks_ratios", [(f, r) for f, r in ROWS if f.plan is toy.WALKS]),
    ],
)
def test_a_forest_draws_each_interval_beside_its_label_and_side(
    written: Written, name: str, rows: list[tuple[ToyFit, Row]]
) -> None:
    (axes,) = drawn(written, name).axes
    labels = dict(zip(axes.get_yticks(), (text.get_text() for text in axes.get_yticklabels()), strict=True))
    chances = {text.xy[1]: text.get_text() for text in axes.texts}  # type: ignore[attr-defined]
    bars = {}
    for line in axes.lines:
        x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
        if len(x) == 2 and x[0] != x[1]:
            bars[y[0]] = x.tolist()
    assert len(labels) == len(rows)
    assert axes.get_xlabel().startswith("New care against Old care")
    for fit, row in rows:
        it = expected(fit, row)
        assert it.p_benefit is not None
        ys = [y for y, x in bars.items() if x == pytest.approx([it.low, it.high], rel=1e-9)]
        assert len(ys) == 1
        assert labels[ys[0]].startswith(row.label)
        assert labels[ys[0]].endswith(row.better)
        assert chances[ys[0]] == shown_percent(it.p_benefit)


def test_no_sentence_of_another_disease_is_on_the_page(written: Written) -> None:
    html = (written.folder / "report.html").read_text("utf-8")
    html = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", html)
    words = "rituximab|prednisone|antibod|musk|achr|mgfa|myasthen|remission|remit"
    assert re.findall(rf"(?i){words}", html) == []
