"""What verification says: tests, checks, a verdict for each claim, findings for the study."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Any

from mgbayes.study.schema import TestFamily

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1


class Verdict(StrEnum):
    """What became of a claim. The order is from good to bad to unknown."""

    reproduced = "reproduced"
    reproduced_otherwise = "reproduced_otherwise"
    possible = "possible"
    not_reproduced = "not_reproduced"
    inconsistent = "inconsistent"
    not_checkable = "not_checkable"


MEANING = {
    Verdict.reproduced: "the published numbers agree with each other and with a test that the paper names (any, "
    "where it names none)",
    Verdict.reproduced_otherwise: "only a test that the paper does not name for such data gives the reported p",
    Verdict.possible: "some data set with the published summaries gives the reported p",
    Verdict.not_reproduced: "the tests that the paper names were recomputed, and no test gives the reported p",
    Verdict.inconsistent: "the published numbers contradict each other",
    Verdict.not_checkable: "not enough is published to check it; the notes say what is missing",
}


@dataclass(frozen=True)
class TestResult:
    """One test of one claim: the range of p over rounding and whatever is not printed.

    ``named``: the paper names the test. ``judged``: the verdict is decided by it (the named tests, or where the
    paper names none the usual ones).
    """

    __test__ = False  # not for pytest to collect

    name: str
    label: str
    p_low: float
    p_high: float
    named: bool
    judged: bool
    matches: bool
    searched: int = 0
    share: float | None = None
    exists_only: bool = False
    family: TestFamily | None = None
    visit: str | None = None
    reading: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The form that ``verify --json`` prints; what does not apply is left out."""
        row: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "p_low": self.p_low,
            "p_high": self.p_high,
            "named_in_methods": self.named,
            "matches": self.matches,
        }
        if self.searched:
            row |= {"data_sets_searched": self.searched, "share_that_rounds_to_print": self.share}
        for key in ("visit", "reading"):
            if getattr(self, key) is not None:
                row[key] = getattr(self, key)
        return row


@dataclass(frozen=True)
class NotComputed:
    """A test that decides the verdict and could not be re-computed, and what it needs."""

    test: TestFamily
    label: str
    needs: str
    visit: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The form that ``verify --json`` prints."""
        row = {"test": str(self.test), "label": self.label, "needs": self.needs}
        return row if self.visit is None else row | {"visit": self.visit}


@dataclass(frozen=True)
class Check:
    """A check of digits: whether printed numbers agree with each other."""

    name: str
    holds: bool
    text: str
    proves: bool = True
    """Whether holding says that the print is right, not merely possible."""

    def to_json(self) -> dict[str, Any]:
        """The form that ``verify --json`` prints."""
        return {"name": self.name, "holds": self.holds, "text": self.text}


@dataclass(frozen=True)
class CountPairs:
    """The counts that a printed p value allows, where the counts themselves are not printed."""

    test: str
    label: str
    family: TestFamily
    groups: tuple[str, str]
    sizes: tuple[int, int]
    pairs: tuple[tuple[int, int], ...]
    tried: int

    def to_json(self) -> dict[str, Any]:
        """The form that ``verify --json`` prints."""
        return {
            "test": self.test,
            "groups": list(self.groups),
            "sizes": list(self.sizes),
            "pairs": [list(pair) for pair in self.pairs],
            "tried": self.tried,
        }


@dataclass(frozen=True)
class ClaimResult:
    """What verification found about one claim."""

    id: str
    what: str
    printed: str
    p_printed: str | None
    verdict: Verdict
    tests: tuple[TestResult, ...] = ()
    checks: tuple[Check, ...] = ()
    counts: tuple[CountPairs, ...] = ()
    not_computed: tuple[NotComputed, ...] = ()
    notes: tuple[str, ...] = ()
    alternatives: tuple[AlternativeResult, ...] = ()
    source: tuple[str, ...] = ()

    @property
    def matches(self) -> tuple[str, ...]:
        """The tests that give the printed p, and the digit checks that hold."""
        tests = [test.name for test in self.tests if test.matches]
        counts = [row.test for row in self.counts if row.pairs]
        checks = [check.name for check in self.checks if check.holds and check.proves]
        return tuple(dict.fromkeys([*tests, *counts, *checks]))

    def to_json(self) -> dict[str, Any]:
        """The form that ``verify --json`` prints."""
        row: dict[str, Any] = {
            "id": self.id,
            "what": self.what,
            "printed": self.printed,
            "p_printed": self.p_printed,
            "source": list(self.source),
            "tests": [test.to_json() for test in self.tests],
            "checks": [check.to_json() for check in self.checks],
            "verdict": str(self.verdict),
            "matches": list(self.matches),
            "notes": list(self.notes),
        }
        if self.counts:
            row["counts_that_give_p"] = [counts.to_json() for counts in self.counts]
        if self.not_computed:
            row["not_computed"] = [test.to_json() for test in self.not_computed]
        if self.alternatives:
            row["alternatives"] = [alternative.to_json() for alternative in self.alternatives]
        return row


@dataclass(frozen=True)
class AlternativeResult:
    """The same claim with a named other reading of its numbers."""

    name: str
    why: str
    kind: str
    result: ClaimResult

    def to_json(self) -> dict[str, Any]:
        """The form that ``verify --json`` prints."""
        keep = ("printed", "tests", "checks", "verdict", "matches", "notes")
        row = self.result.to_json()
        return {"name": self.name, "kind": self.kind, "why": self.why} | {key: row[key] for key in keep}


@dataclass(frozen=True)
class Finding:
    """Something odd that a rule found, said calmly."""

    rule: str
    claims: tuple[str, ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        """The form that ``verify --json`` prints."""
        return {"rule": self.rule, "claims": list(self.claims), "text": self.text}


@dataclass(frozen=True, repr=False)
class Ledger:
    """Every claim of a study with its verdict, and what the rules found."""

    study: str
    claims: tuple[ClaimResult, ...]
    findings: tuple[Finding, ...] = field(default=())
    searched: bool = False

    def claim(self, claim_id: str) -> ClaimResult:
        """The result of one claim. Raises KeyError when there is none."""
        for result in self.claims:
            if result.id == claim_id:
                return result
        raise KeyError(claim_id)

    def tally(self) -> dict[Verdict, int]:
        """How many claims got each verdict."""
        return {verdict: sum(row.verdict == verdict for row in self.claims) for verdict in Verdict}

    def to_json(self) -> dict[str, Any]:
        """The form that ``verify --json`` prints."""
        return {
            "schema_version": SCHEMA_VERSION,
            "study": self.study,
            "searched": self.searched,
            "claims": [result.to_json() for result in self.claims],
            "findings": [finding.to_json() for finding in self.findings],
        }

    def to_dataframe(self) -> pd.DataFrame:
        """One row a claim: what is printed, and what became of it."""
        import pandas as pd

        return pd.DataFrame(
            {
                "id": row.id,
                "what": row.what,
                "printed": row.printed,
                "p_printed": row.p_printed,
                "verdict": str(row.verdict),
                "matches": "; ".join(row.matches),
                "notes": " ".join(row.notes),
            }
            for row in self.claims
        )

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {verdict}" for verdict, n in self.tally().items() if n)
        return f"Ledger({self.study}: {len(self.claims)} claims; {counts})"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.to_dataframe().to_html(index=False, na_rep='')}"
