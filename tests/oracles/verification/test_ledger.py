"""The ledger of the embedded study: every claim, what must be found, and that it is found by rules."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2_contingency, fisher_exact, mannwhitneyu, ttest_ind_from_stats
from statsmodels.duration.survfunc import survdiff

import mgbayes
from mgbayes.study import Study, load_study
from mgbayes.study.load import embedded_text
from mgbayes.verification import Ledger, Verdict, verify
from mgbayes.verification.result import CountPairs, TestResult
from tests.oracles.verification.enumeration import prints_as

# Every row of the evidence, in its order, with the p as printed there (None: no p is printed).
EVIDENCE: dict[str, str | dict[str, str] | None] = {
    "baseline.n": None,
    "baseline.age": None,
    "baseline.sex": None,
    "baseline.followup": None,
    "baseline.prednisone_users": None,
    "baseline.cycles": None,
    "baseline.balance": None,
    "baseline.maintenance": "<0.02",
    "baseline.thymectomy": "<0.01",
    "baseline.thymectomy_all": None,
    "baseline.thymoma": None,
    "thymoma.cycles": "0.03",
    "thymoma.outcomes": None,
    "mgfa.all": {"A": "<.001", "D": "<0.01"},
    "mgfa.achr_12m": "<0.01",
    "mgfa.achr_last": "<0.01",
    "mgfa.musk_12m": "<0.01",
    "mgfa.musk_last": "<0.01",
    "mgfa.between": ">0.05",
    "pis.mm_12m": "0.72",
    "pis.improved": None,
    "remission.ever": None,
    "remission.time": "0.049",
    "prednisone.baseline": "0.057",
    "prednisone.12m": "1",
    "prednisone.last": "0.75",
    "prednisone.within_achr": "<0.01",
    "prednisone.within_musk": "<0.01",
    "prednisone.stop": "0.69",
    "prednisone.le10": "0.49",
    "prednisone.time_stop": "0.4",
    "prednisone.time_le10": "0.08",
    "sparing.12m": "0.02",
    "sparing.last": "0.002",
    "sparing.arms": None,
    "relapse.ever": "0.22",
    "relapse.time": "0.09",
    "relapse.time_3cycles": "0.03",
    "relapse.time_all": None,
    "hospital.between": {"A": "0.046", "D": "0.045"},
    "maintenance.load_achr": "0.29",
    "maintenance.load_musk": "0.21",
    "maintenance.users_achr": "0.71",
    "maintenance.users_musk": "0.16",
    "maintenance.between": "0.77",
    "rescue.users_achr": "<0.01",
    "rescue.users_musk": "<0.01",
    "rescue.events_achr": "<0.01",
    "rescue.events_musk": "0.02",
    "rescue.users_between": "0.26",
    "rescue.events_between": "0.27",
    "safety": None,
}

# What the evidence prints in numbers, in the words of the ledger.
NUMBERS = {
    "baseline.age": "all 35.9 ± 15.6",
    "baseline.followup": "all 1861 ± 953.4",
    "baseline.prednisone_users": "all 27 (87.9%)",
    "baseline.cycles": "all 3.1 ± 1.3",
    "baseline.maintenance": "AChR+ 4/17, MuSK+ 11/16",
    "baseline.thymectomy": "AChR+ 15/17, MuSK+ 5/16",
    "baseline.thymectomy_all": "all 20 (60.6%)",
    "baseline.thymoma": "all 7 (21.1%)",
    "thymoma.cycles": "thymoma 3.6 ± 0.9, no thymoma 2.5 ± 0.8",
    "pis.mm_12m": "AChR+ 10 (58.8%), MuSK+ 11 (68.8%)",
    "pis.improved": "AChR+ 11 (64.7%), MuSK+ 12 (75%)",
    "remission.ever": "AChR+ 12/17, MuSK+ 9/16, all 21",
    "remission.time": "AChR+ 441.4 ± 336.6, MuSK+ 230 ± 180.8",
    "prednisone.baseline": "AChR+ 46.8 ± 20.8, MuSK+ 30.9 ± 24.9",
    "prednisone.12m": "AChR+ 11.8 ± 15.3, MuSK+ 9.5 ± 8.7",
    "prednisone.last": "AChR+ 17.9 ± 15.6, MuSK+ 2.8 ± 3.8",
    "sparing.12m": "all 18, all 8",
    "sparing.last": "all 18, all 5",
    "relapse.ever": "all 16 (48.5%), AChR+ 58.8%, MuSK+ 37.5%",
    "relapse.time_all": "all 992 ± 783.9; about 2.7 years",
}


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("litchman2020")


@pytest.fixture(scope="module")
def direct(study: Study) -> Ledger:
    """The ledger from the printed numbers alone."""
    return verify(study, search=False, use_cache=False)


@pytest.fixture(scope="module")
def searched(study: Study) -> Ledger:
    """The ledger with the data sets searched."""
    return verify(study, use_cache=False)


def _test(ledger: Ledger, claim: str, name: str) -> TestResult:
    return next(test for test in ledger.claim(claim).tests if test.name == name)


# ------------------------------------------------------------------ every claim is there


def test_the_study_holds_every_row_of_the_evidence_with_its_p_as_printed(study: Study) -> None:
    assert len(EVIDENCE) == 52
    assert {claim.id: claim.p for claim in study.claims} == EVIDENCE


def test_the_ledger_lists_every_id_of_the_evidence_in_its_order(direct: Ledger, searched: Ledger) -> None:
    assert [row["id"] for row in direct.to_json()["claims"]] == list(EVIDENCE)
    assert [row["id"] for row in searched.to_json()["claims"]] == list(EVIDENCE)


@pytest.mark.parametrize(("claim", "printed"), NUMBERS.items())
def test_the_ledger_shows_the_numbers_as_printed(direct: Ledger, claim: str, printed: str) -> None:
    assert direct.claim(claim).printed == printed


def test_the_json_has_the_fields_and_verdicts_of_its_published_form(searched: Ledger) -> None:
    ledger = json.loads(json.dumps(searched.to_json(), allow_nan=False))
    assert ledger["schema_version"] == 1
    assert ledger["study"] == "litchman2020"
    verdicts = {
        "reproduced",
        "reproduced_otherwise",
        "not_reproduced",
        "inconsistent",
        "possible",
        "not_checkable",
    }
    for claim in ledger["claims"]:
        assert {"id", "printed", "p_printed", "tests", "verdict", "matches", "notes"} <= claim.keys()
        assert claim["verdict"] in verdicts
        for test in claim["tests"]:
            assert {"name", "p_low", "p_high"} <= test.keys()
            assert 0 <= test["p_low"] <= test["p_high"] <= 1


# ------------------------------------------------------------------ what it must show


def test_relapse_is_reproduced_by_chi_square_without_correction(direct: Ledger) -> None:
    claim = direct.claim("relapse.ever")
    p = chi2_contingency([[10, 7], [6, 10]], correction=False).pvalue
    assert round(p, 4) == 0.2206
    assert claim.verdict is Verdict.reproduced
    assert "pearson_chi_square" in claim.matches
    assert _test(direct, "relapse.ever", "pearson_chi_square").p_low == pytest.approx(p, rel=1e-9)
    assert "fisher_exact" not in claim.matches  # 0.3028
    assert "yates_chi_square" not in claim.matches  # 0.3808


def test_minimal_manifestations_are_reproduced_by_fisher(direct: Ledger) -> None:
    claim = direct.claim("pis.mm_12m")
    p = fisher_exact([[10, 7], [11, 5]]).pvalue
    assert round(p, 4) == 0.7207
    assert claim.verdict is Verdict.reproduced
    assert "fisher_exact" in claim.matches
    assert _test(direct, "pis.mm_12m", "fisher_exact").p_low == pytest.approx(p, rel=1e-9)
    assert "pearson_chi_square" not in claim.matches  # 0.5536


def test_prednisone_at_baseline_is_reproduced_by_welch(direct: Ledger) -> None:
    claim = direct.claim("prednisone.baseline")
    p = ttest_ind_from_stats(46.8, 20.8, 17, 30.9, 24.9, 16, equal_var=False).pvalue
    assert f"{p:.3f}" == "0.057"
    welch = _test(direct, "prednisone.baseline", "welch_t")
    assert welch.p_low < p < welch.p_high
    assert claim.verdict is Verdict.reproduced
    assert "welch_t" in claim.matches


@pytest.mark.parametrize(
    ("claim", "after", "p"),
    # SciPy's fisher_exact on 18/33 v 8/33 and 18/33 v 5/33: 0.0225 and 0.0016, printed 0.02 and 0.002.
    [("sparing.12m", 8, 0.0225), ("sparing.last", 5, 0.0016)],
)
def test_steroid_sparing_is_reproduced_by_the_unpaired_fisher_with_a_note(
    direct: Ledger, claim: str, after: int, p: float
) -> None:
    fisher = fisher_exact([[18, 15], [after, 33 - after]]).pvalue
    assert fisher == pytest.approx(p, abs=5e-5)
    result = direct.claim(claim)
    assert result.verdict is Verdict.reproduced
    assert "fisher_exact" in result.matches
    assert _test(direct, claim, "fisher_exact").p_low == pytest.approx(fisher, rel=1e-9)
    note = next(note for note in result.notes if "paired" in note)
    assert "same patients were counted twice" in note
    assert "Fisher's exact" in note
    assert "McNemar" in note


def test_time_to_remission_is_reproduced_by_no_t_test(direct: Ledger, searched: Ledger) -> None:
    # SciPy: Welch 0.0818 and Student 0.1054 for the means and SDs as printed; the claim prints 0.049.
    for equal, name in ((False, "welch_t"), (True, "student_t")):
        p = ttest_ind_from_stats(441.4, 336.6, 12, 230, 180.8, 9, equal_var=equal).pvalue
        for ledger in (direct, searched):
            test = _test(ledger, "remission.time", name)
            assert test.p_low < p < test.p_high
            assert test.p_low > 0.05
    for ledger in (direct, searched):
        t_tests = [test for test in ledger.claim("remission.time").tests if "_t" in test.name]
        assert len(t_tests) >= 2
        assert not any(test.matches for test in t_tests)
        assert ledger.claim("remission.time").verdict is not Verdict.reproduced


def test_the_search_says_whether_rank_tests_could_give_the_time_to_remission(searched: Ledger) -> None:
    claim = searched.claim("remission.time")
    assert claim.verdict is Verdict.possible
    for name in ("mann_whitney", "log_rank"):
        test = _test(searched, "remission.time", name)
        assert test.searched >= 1000
        assert test.p_low < test.p_high
        assert test.share is not None
        note = next(note for note in claim.notes if note.startswith(test.label))
        assert "A search is not a proof" in note
    assert "mann_whitney" in claim.matches


def test_a_data_set_that_gives_the_printed_time_to_remission_exists() -> None:
    # The witness behind the verdict "possible": whole days that print as 441.4 ± 336.6 and 230 ± 180.8, with a
    # Mann-Whitney p (no ties, so exact) that prints as 0.049.
    achr = [193, 202, 220, 225, 256, 302, 330, 376, 510, 571, 753, 1359]
    musk = [29, 37, 106, 168, 175, 208, 339, 494, 512]
    assert prints_as(achr, "441.4", "336.6")
    assert prints_as(musk, "230", "180.8")
    assert f"{mannwhitneyu(achr, musk, method='exact').pvalue:.3f}" == "0.049"


def test_thirty_three_patients_that_give_the_printed_time_to_remission_by_log_rank_exist() -> None:
    # Whole days. The 12 and 9 in remission print as 441.4 ± 336.6 and 230 ± 180.8; the other 5 and 7 are
    # censored at the end of their follow-up; the follow-up of all 33 prints as 1861 ± 953.4, is never below a
    # year, and outlasts every remission. The log-rank p (statsmodels) prints as 0.049.
    achr, musk = (
        [3, 21, 49, 78, 453, 493, 505, 552, 610, 664, 872, 997],
        [11, 40, 65, 82, 265, 355, 364, 413, 475],
    )
    followed = [2296, 2567, 2286, 1582, 3300, 1104, 2521, 2662, 2517, 1569, 2447, 2762, 1443, 1974, 3099]
    followed += [948, 2382, 2981, 2442, 3002, 2494]
    censored = [1450, 1710, 2020, 2380, 2790, 366, 369, 374, 381, 388, 397, 410]
    assert prints_as(achr, "441.4", "336.6")
    assert prints_as(musk, "230", "180.8")
    assert prints_as(followed + censored, "1861", "953.4")
    assert min(followed + censored) >= 365
    assert all(day < end for day, end in zip(achr + musk, followed, strict=True))
    arm = np.repeat([0, 1, 0, 1], [12, 9, 5, 7])
    _, p = survdiff(np.array(achr + musk + censored, float), np.repeat([1, 0], [21, 12]), arm)
    assert f"{p:.3f}" == "0.049"


def test_the_search_by_log_rank_reaches_what_is_known_to_be_possible(searched: Ledger) -> None:
    # The 33 patients above.
    test = _test(searched, "remission.time", "log_rank")
    assert test.p_low < 0.0495
    assert test.matches


def test_prednisone_at_last_follow_up_is_not_reproduced_and_the_slip_is_shown_beside_it(
    searched: Ledger,
) -> None:
    claim = searched.claim("prednisone.last")
    assert claim.verdict is Verdict.not_reproduced
    assert claim.printed.startswith("AChR+ 17.9")
    welch = _test(searched, "prednisone.last", "welch_t")
    assert welch.p_low < ttest_ind_from_stats(17.9, 15.6, 17, 2.8, 3.8, 16, equal_var=False).pvalue < 0.0013
    (slip,) = claim.alternatives
    assert slip.name == "digit_slip"
    assert slip.result.printed.startswith("AChR+ 7.9")
    other = next(test for test in slip.result.tests if test.name == "welch_t")
    # 7.9 gives 0.2075 (SciPy), the evidence says 0.21.
    p = ttest_ind_from_stats(7.9, 15.6, 17, 2.8, 3.8, 16, equal_var=False).pvalue
    assert p == pytest.approx(0.21, abs=0.005)
    assert other.p_low < p < other.p_high


@pytest.mark.parametrize(
    ("claim", "text"),
    # 27/33 = 0.81818..., 29/33 = 0.87878..., 7/33 = 0.21212...
    [
        ("baseline.prednisone_users", "27/33 is 81.8 %, reported 87.9 %; 29/33 would be 87.9 %"),
        ("baseline.thymoma", "7/33 is 21.2 %, reported 21.1 %"),
    ],
)
def test_percentages_that_contradict_their_counts_are_inconsistent(
    direct: Ledger, claim: str, text: str
) -> None:
    result = direct.claim(claim)
    assert result.verdict is Verdict.inconsistent
    assert any(text in check.text and not check.holds for check in result.checks)


def _pairs(ledger: Ledger, claim: str, test: str) -> CountPairs:
    return next(row for row in ledger.claim(claim).counts if row.test == test)


@pytest.mark.parametrize(("claim", "p"), [("prednisone.le10", 0.49), ("prednisone.stop", 0.69)])
def test_the_count_pairs_listed_are_all_that_give_the_printed_p(direct: Ledger, claim: str, p: float) -> None:
    # SciPy on each of the 18 x 17 tables; two decimals rounded or cut off: p - 0.005 to below p + 0.01.
    def fits(value: float) -> bool:
        return p - 0.005 - 1e-9 <= value < p + 0.01 - 1e-9

    tables = {(x, y): [[x, 17 - x], [y, 16 - y]] for x in range(18) for y in range(17)}
    inner = {pair: rows for pair, rows in tables.items() if 0 < sum(pair) < 33}
    expected = {
        "fisher_exact": {q for q, rows in tables.items() if fits(fisher_exact(rows).pvalue)},
        "pearson_chi_square": {
            q for q, rows in inner.items() if fits(chi2_contingency(rows, correction=False).pvalue)
        },
        "yates_chi_square": {
            q for q, rows in inner.items() if fits(chi2_contingency(rows, correction=True).pvalue)
        },
    }
    for test, pairs in expected.items():
        row = _pairs(direct, claim, test)
        assert row.tried == 306
        assert set(row.pairs) == pairs
    assert expected["fisher_exact"]
    result = direct.claim(claim)
    assert result.verdict is Verdict.possible
    x, y = _pairs(direct, claim, "fisher_exact").pairs[0]
    assert any(f"{x}/17 v {y}/16" in note for note in result.notes)


def test_ten_of_seventeen_against_seven_of_sixteen_is_among_the_pairs_for_049(direct: Ledger) -> None:
    # fisher.test(matrix(c(10, 7, 7, 9), 2)) has p = 0.4936.
    assert fisher_exact([[10, 7], [7, 9]]).pvalue == pytest.approx(0.4936, abs=5e-4)
    assert (10, 7) in _pairs(direct, "prednisone.le10", "fisher_exact").pairs


# ------------------------------------------------------------------ the oddities, found by rules

# The list at the end of the evidence: the rule that finds each, its claims, and what is said of it.
ODDITIES = [
    ("percentage", ("baseline.prednisone_users",), ["27/33 is 81.8 %", "29/33 would be 87.9 %"]),
    ("percentage", ("baseline.thymoma",), ["7/33 is 21.2 %"]),
    ("only_with_patients", ("remission.time",), ["0.049", "none of the tests", "Welch", "Student"]),
    ("times_given_the_event", ("remission.ever", "remission.time"), ["12/17", "9/16"]),
    ("p_not_reproduced", ("prednisone.last",), ["0.75", "digit_slip"]),
    (
        "tests_differ",
        ("pis.mm_12m", "relapse.ever"),
        ["0.72 by Fisher", "0.22 by chi-square without correction"],
    ),
    ("paired_as_unpaired", ("sparing.12m",), ["Fisher", "McNemar"]),
    ("paired_as_unpaired", ("sparing.last",), ["Fisher", "McNemar"]),
    ("reading_contradicted", ("thymoma.cycles",), ["26", "3.1", "within_achr fits better"]),
    ("sources_differ", ("mgfa.all",), ["<.001 (A)", "<0.01 (D)"]),
    ("sources_differ", ("hospital.between",), ["0.046 (A)", "0.045 (D)"]),
]


@pytest.mark.parametrize(("rule", "claims", "words"), ODDITIES)
def test_every_known_oddity_is_among_the_findings(
    searched: Ledger, rule: str, claims: tuple[str, ...], words: list[str]
) -> None:
    texts = [row.text for row in searched.findings if (row.rule, row.claims) == (rule, claims)]
    assert len(texts) == 1
    assert all(word in texts[0] for word in words)


def test_the_average_of_the_groups_is_that_of_the_printed_means(direct: Ledger) -> None:
    # (7 x 3.6 + 26 x 2.5) / 33 = 2.733; the middle of the range over rounding, 2.76, is not an average.
    finding = next(row for row in direct.findings if row.rule == "reading_contradicted")
    assert "average 2.73" in finding.text


def _renamed(raw: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The study with every claim and endpoint called by a number, and what each was called."""
    raw = json.loads(json.dumps(raw))
    claims = {claim["id"]: f"claim{i:02d}" for i, claim in enumerate(raw["claims"])}
    endpoints = {endpoint["id"]: f"endpoint{i:02d}" for i, endpoint in enumerate(raw["endpoints"])}
    for claim in raw["claims"]:
        claim["id"] = claims[claim["id"]]
        if "endpoint" in claim:
            claim["endpoint"] = endpoints[claim["endpoint"]]
    for endpoint in raw["endpoints"]:
        endpoint["id"] = endpoints[endpoint["id"]]
        for key in ("event", "times", "followup"):
            if key in endpoint:
                endpoint[key] = claims[endpoint[key]]
    for alternative in raw["alternatives"]:
        alternative["claim"] = claims[alternative["claim"]]
    return raw, {new: old for names in (claims, endpoints) for old, new in names.items()}


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    return tomllib.loads(embedded_text("litchman2020"))


def test_the_same_is_found_when_every_claim_and_endpoint_has_another_name(
    raw: dict[str, Any], direct: Ledger
) -> None:
    renamed, old = _renamed(raw)
    ledger = verify(Study.model_validate(renamed), search=False, use_cache=False)

    def back(text: str) -> str:
        return re.sub(r"(claim|endpoint)\d\d", lambda match: old[match[0]], text)

    assert not {row.id for row in ledger.claims} & EVIDENCE.keys()
    found = [
        (row.rule, tuple(back(claim) for claim in row.claims), back(row.text)) for row in ledger.findings
    ]
    assert found == [(row.rule, row.claims, row.text) for row in direct.findings]
    assert [row.verdict for row in ledger.claims] == [row.verdict for row in direct.claims]


def test_what_only_the_search_finds_is_found_under_other_names_too(raw: dict[str, Any]) -> None:
    # The two claims about remission alone; without the follow-up only the Mann-Whitney test is searched.
    renamed, old = _renamed(raw)
    renamed["claims"] = [claim for claim in renamed["claims"] if old[claim["id"]].startswith("remission.")]
    renamed["alternatives"] = []
    for endpoint in renamed["endpoints"]:
        endpoint.pop("followup", None)
    renamed["endpoints"] = [row for row in renamed["endpoints"] if "relapse" not in old[row["id"]]]
    ledger = verify(Study.model_validate(renamed), use_cache=False)
    found = [(row.rule, tuple(old[claim] for claim in row.claims)) for row in ledger.findings]
    assert ("only_with_patients", ("remission.time",)) in found
    assert ("times_given_the_event", ("remission.ever", "remission.time")) in found


def test_no_rule_mentions_a_claim_by_its_id() -> None:
    folder = Path(mgbayes.__file__).parent / "verification"
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    assert "def verify" in source
    assert [claim for claim in EVIDENCE if "." in claim and claim in source] == []


def _set(raw: dict[str, Any], claim: str, row: int, **numbers: str) -> None:
    next(part for part in raw["claims"] if part["id"] == claim)["summaries"][row].update(numbers)


MENDED = [
    (
        "percentage",
        "baseline.prednisone_users",
        lambda raw: _set(raw, "baseline.prednisone_users", 0, count="29"),
    ),
    ("percentage", "baseline.thymoma", lambda raw: _set(raw, "baseline.thymoma", 0, percent="21.2")),
    ("only_with_patients", "prednisone.last", lambda raw: _p(raw, "prednisone.last", "0.001")),
    ("only_with_patients", "remission.time", lambda raw: _p(raw, "remission.time", "0.082")),
    # 13/16 remissions among the faster arm: nothing is left to explain.
    ("times_given_the_event", "remission.ever", lambda raw: _set(raw, "remission.ever", 1, count="13")),
    # Both by Fisher: 0.30 for relapse.
    ("tests_differ", "relapse.ever", lambda raw: _p(raw, "relapse.ever", "0.30")),
    # McNemar's exact test of 10 v 0 would give 0.00195: no unpaired test does.
    ("paired_as_unpaired", "sparing.12m", lambda raw: _p(raw, "sparing.12m", "0.00195")),
    # With 2.8 cycles on average the reading 7 v 26 is no longer contradicted.
    ("reading_contradicted", "thymoma.cycles", lambda raw: _set(raw, "baseline.cycles", 0, mean="2.8")),
    ("sources_differ", "hospital.between", lambda raw: _p(raw, "hospital.between", "0.046")),
]


def _p(raw: dict[str, Any], claim: str, p: str) -> None:
    next(part for part in raw["claims"] if part["id"] == claim)["p"] = p


@pytest.mark.parametrize(("rule", "claim", "mend"), MENDED, ids=[f"{row[0]}-{row[1]}" for row in MENDED])
def test_a_mended_number_is_no_longer_found(
    raw: dict[str, Any], direct: Ledger, rule: str, claim: str, mend: Any
) -> None:
    assert any(row.rule == rule and claim in row.claims for row in direct.findings)
    mended = json.loads(json.dumps(raw))
    mend(mended)
    ledger = verify(Study.model_validate(mended), search=False, use_cache=False)
    assert not any(row.rule == rule and claim in row.claims for row in ledger.findings)


# ------------------------------------------------------------------ what a search adds


def test_without_a_search_no_claim_is_wrong_whose_named_test_needs_the_patients(
    direct: Ledger, searched: Ledger
) -> None:
    # The paper names Mann-Whitney for doses and times, and log-rank for times: neither follows from mean and SD.
    assert {row.id for row in searched.claims if row.verdict is Verdict.not_reproduced} == {"prednisone.last"}
    assert not [row.id for row in direct.claims if row.verdict is Verdict.not_reproduced]
    for claim, after in (
        ("remission.time", Verdict.possible),
        ("prednisone.12m", Verdict.possible),
        ("prednisone.last", Verdict.not_reproduced),
    ):
        before = direct.claim(claim)
        assert before.verdict is Verdict.not_checkable
        assert "mann_whitney" in [str(test.test) for test in before.not_computed]
        assert any("Mann-Whitney needs each patient's value" in note for note in before.notes)
        assert searched.claim(claim).verdict is after
        assert not searched.claim(claim).not_computed


def test_a_named_test_that_is_possible_outranks_an_unnamed_one_that_fits(searched: Ledger) -> None:
    # 7.9 for 17.9: Mann-Whitney, which the paper names, can give 0.75; so does a t test with the SD as SE.
    (slip,) = searched.claim("prednisone.last").alternatives
    assert any(test.matches and not test.judged and not test.exists_only for test in slip.result.tests)
    assert slip.result.verdict is Verdict.possible


# ------------------------------------------------------------------ the rest of the ledger


def test_thymoma_is_read_both_ways_and_only_the_reading_within_one_arm_stands(direct: Ledger) -> None:
    # SciPy for 7 v 10: Welch 0.0234 and Student 0.0181 as printed. 3.55 prints as 3.6 too, and gives 0.0291.
    assert f"{ttest_ind_from_stats(3.55, 0.9, 7, 2.5, 0.8, 10, equal_var=False).pvalue:.2f}" == "0.03"
    claim = direct.claim("thymoma.cycles")
    assert {test.reading for test in claim.tests if test.matches} == {"within_achr"}
    assert claim.verdict is Verdict.reproduced


def test_the_possible_range_of_mcnemar_stands_beside_the_unpaired_p(direct: Ledger) -> None:
    # 10 v 0 changes: 2 / 2^10 = 0.00195; 18 v 8: 0.0755 (binomial tail, test_paired.py).
    test = _test(direct, "sparing.12m", "mcnemar_exact")
    assert (test.p_low, test.p_high) == pytest.approx((2 / 2**10, 0.0755), abs=5e-5)


def test_what_cannot_be_checked_is_never_called_wrong(direct: Ledger) -> None:
    for claim in ("mgfa.achr_12m", "hospital.between", "relapse.time_3cycles", "rescue.events_musk"):
        assert direct.claim(claim).verdict is Verdict.not_checkable


def test_a_ledger_does_not_depend_on_the_order_of_the_claims(raw: dict[str, Any], direct: Ledger) -> None:
    shuffled = json.loads(json.dumps(raw))
    order = np.random.default_rng(21).permutation(len(shuffled["claims"]))
    shuffled["claims"] = [shuffled["claims"][i] for i in order]
    ledger = verify(Study.model_validate(shuffled), search=False, use_cache=False)
    for claim in EVIDENCE:
        assert ledger.claim(claim).verdict is direct.claim(claim).verdict
