"""Studies of any kind: plans are proposed whatever the words, the numbers and the directions."""

from __future__ import annotations

import pytest

from mgbayes.planning.propose import propose_plans
from tests.oracles.generated_studies import generated


@pytest.mark.parametrize("unit", ["days", "weeks"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_every_outcome_gets_a_plan(seed: int, reverse: bool, unit: str) -> None:
    study = generated(seed, unit=unit, reverse=reverse)
    asked = {part.endpoint for plan in propose_plans(study) for part in plan.endpoints}
    assert asked == {"score", "measure", "yes", "time"}
