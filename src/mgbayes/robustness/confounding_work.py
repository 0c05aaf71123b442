"""Unmeasured confounding of each plan of a grid, from the report's fit of the plan as it stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mgbayes.cache import content_key
from mgbayes.inference.run import Fitter
from mgbayes.inference.store import LIBRARIES
from mgbayes.robustness.cell import fault
from mgbayes.robustness.confounding import Confounded, confounded, is_asked
from mgbayes.robustness.grid import Setting
from mgbayes.robustness.kept_work import Work

_SOURCES = (
    "robustness/bias.py",
    "robustness/confounding.py",
    "robustness/e_value.py",
    "overall/outcome_sd.py",
)


@dataclass(frozen=True)
class PlanConfounding:
    """Every comparison of a plan; ``reason`` says why there is none of a fit that failed."""

    plan: str
    rows: tuple[Confounded, ...] = ()
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """The form that sensitivity.json holds."""
        return {"plan": self.plan, "reason": self.reason, "estimands": [row.to_json() for row in self.rows]}

    @staticmethod
    def from_text(text: str) -> PlanConfounding:
        """A result that was kept. Raises ValueError, KeyError or TypeError for anything else."""
        raw = json.loads(text)
        return PlanConfounding(raw["plan"], tuple(map(Confounded.from_json, raw["estimands"])), raw["reason"])


def own_settings(settings: Sequence[Setting]) -> list[Setting]:
    """Of each plan the setting of its own fit; none where patients were randomized."""
    own: dict[str, Setting] = {}
    for row in settings:
        if row.is_base and not row.study.randomized:
            own.setdefault(row.plan.id, row)
    return list(own.values())


def make_confounding(fitter: Fitter, setting: Setting) -> PlanConfounding:
    """E-values, tipping biases and the bias prior of every comparison of the plan's own fit."""
    fit = fitter.remembered(setting.parent())
    reason = fault(fit)
    if reason:
        return PlanConfounding(setting.plan.id, reason=reason)
    rows = (
        confounded(setting.study, setting.plan, row, fit.contrasts[row.id].to_numpy())
        for row in fit.declared
        if is_asked(setting.study, row)
    )
    return PlanConfounding(setting.plan.id, tuple(rows))


def _key(fitter: Fitter, setting: Setting) -> str:
    plan, study = setting.plan, setting.study
    content = {
        "plan": plan.id,
        "fit": fitter.key(setting.parent()),
        "confounding": plan.confounding and plan.confounding.model_dump(),
        "decision": plan.decision and plan.decision.model_dump(),
        "endpoints": [part.model_dump() for part in plan.endpoints],
        "study": study.model_dump(mode="json"),
    }
    return content_key(_SOURCES, LIBRARIES, content)


def _to_text(result: PlanConfounding) -> str:
    return json.dumps(result.to_json(), ensure_ascii=False)


CONFOUNDING: Work[PlanConfounding] = Work(
    "confounding", _key, make_confounding, _to_text, PlanConfounding.from_text, starts_from_reports=True
)
