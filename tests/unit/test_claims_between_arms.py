"""What a paper says of an endpoint between the arms, found without a plan that names the claim."""

from __future__ import annotations

import pytest

from mgbayes.study import Study
from mgbayes.study.numbers import claims_between_arms
from tests.unit.patient_rows import ENDPOINTS, study_of


def _claim(name: str, endpoint: str, **more: object) -> dict[str, object]:
    return {"id": name, "what": name, "source": ["A"], "endpoint": endpoint} | more


ARMS = {"between": "arms"}
BOTH = [{"group": "old", "count": "1"}, {"group": "new", "count": "3"}]
CLAIMS = [
    _claim("counts", "well", summaries=BOTH),
    _claim("p", "well", p="0.3", comparison=ARMS),
    _claim("one_arm", "well", summaries=BOTH[:1]),
    _claim("among_some", "well", p="0.2", comparison=ARMS | {"groups": ["few"]}),
    _claim("dose_12m", "dose", p="0.1", comparison=ARMS | {"visits": ["12m"]}),
    _claim(
        "dose_start",
        "dose",
        summaries=[
            {"group": arm, "visit": "baseline", "mean": "9", "sd": "2"} for arm in ("old", "new")
        ],
    ),
    _claim(
        "fall", "dose", p="0.01",
        comparison={"between": "visits", "groups": ["old"], "visits": ["baseline", "12m"]},
    ),
    _claim("later", "relapse", p="0.04", comparison=ARMS),
]  # fmt: skip
RELAPSE = [row | ({"event": "counts"} if row["id"] == "relapse" else {}) for row in ENDPOINTS]
STUDY: Study = study_of(RELAPSE, claims=CLAIMS, subgroups=[{"id": "few", "label": "few"}])


@pytest.mark.parametrize(
    ("endpoint", "visit", "claims"),
    [
        ("well", None, ["p", "counts"]),
        ("well", "12m", ["p", "counts"]),  # neither names a visit
        ("dose", None, ["dose_12m", "dose_start"]),
        ("dose", "12m", ["dose_12m"]),
        ("dose", "baseline", ["dose_start"]),
        ("relapse", None, ["later", "counts"]),
        ("attacks", None, []),
    ],
)
def test_claims_are_found_by_what_they_are_about(endpoint: str, visit: str | None, claims: list[str]) -> None:
    assert [claim.id for claim in claims_between_arms(STUDY, endpoint, visit)] == claims


def test_two_groups_that_are_the_arms_are_the_arms() -> None:
    asked = _claim("p", "well", p="0.3", comparison={"between": "groups", "groups": ["new", "old"]})
    study = study_of(ENDPOINTS, claims=[asked])
    assert [claim.id for claim in claims_between_arms(study, "well")] == ["p"]
