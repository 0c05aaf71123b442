r"""Ordered classes at one or several visits: cumulative logit with patient intercepts.

Patient i of arm a (0 reference, 1 contrast) is in class y_iv, 0 (lowest) to K - 1, at visit v. With c_k the cut
between class k - 1 and class k:

    logit P(y_iv < k) = c_k - shift_v + (a - 1/2) (base + log_odds_ratio_v) - patient_sd u_i,  u_i ~ Normal(0, 1)
    c_1 = first_cut,  c_k = c_(k-1) + gap_k
    first_cut      ~ prior      log odds of the lowest class at the first visit, for a middling patient
    gap            ~ prior      between one cut and the next
    shift          ~ prior      move towards higher classes at each visit after the first, over both arms
    base           ~ prior      log odds ratio of a lower class before treatment, contrast against reference
    log_odds_ratio ~ prior      what later visits add to it; 0 before treatment
    patient_sd     ~ prior      SD of the patients' own log odds within an arm

Levels are midway between the arms and each arm lies half a difference from them: naming the other arm as the
reference changes nothing. Patients of equal severity before treatment differ by log_odds_ratio_v at visit v, the
difference between the arms adjusted for where they began. Where no visit lies before treatment base is 0 and
log_odds_ratio is of every visit. With one visit shift, base and patient_sd are 0, and the model is
McCullagh's. u_i is integrated out by the trapezoidal rule, so that a patient enters as one:

    classes        ~ ∫ Π_v P(y_iv | u) φ(u) du,  over the visits at which the class is known

The effects are the same at every cut (proportional odds), which the predictive check of the mean class
and of the lowest class looks into. Missing visits are taken as missing by chance.

Evidence: patients; or what a paper reports, the counts of the classes or their medians
(mgbayes.models.ordinal_published), of which medians at several visits leave the u_i latent (``patient``).
Sources: McCullagh 1980, JRSS B 42:109; Hedeker and Gibbons 1994, Biometrics 50:933 (patient intercepts).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from mgbayes.estimands.estimand import Estimand
from mgbayes.models import ordinal_patients, ordinal_published
from mgbayes.models.arms import ARM, HALVES
from mgbayes.models.curve import Curve
from mgbayes.models.evidence import ClassCounts, MedianClasses, PatientClasses
from mgbayes.models.likelihood import given_density
from mgbayes.models.model import OutcomeModel, PrintedQuantity, Priors
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.plan import Plan
from mgbayes.models.quadrature import LOG_WEIGHTS, NODES
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import Study

Data = Mapping[str, NDArray[Any]]
_ONLY = "only"
"""The visit of an endpoint that has none."""
_PARAMETERS = ("first_cut", "gap", "shift", "base", "log_odds_ratio", "patient_sd")
_OF_SEVERAL_VISITS = ("shift", "base", "patient_sd")
_SHAPES = {"gap": "cut", "shift": "moved", "log_odds_ratio": "later"}


class Ordinal(OutcomeModel):
    """The model of one outcome in ordered classes. Its data name the classes (``level``), the lowest first."""

    patients = staticmethod(ordinal_patients.patients)

    @property
    def visits(self) -> tuple[str, ...]:
        """Ids of the visits, that before treatment first."""
        o = self.outcome
        before = [visit.id for visit in o.visits if visit.id == o.baseline]
        return (*before, *(visit.id for visit in o.later)) or (_ONLY,)

    @property
    def _adjusted(self) -> bool:
        """Whether a visit lies before treatment."""
        return self.outcome.baseline is not None

    @property
    def compared(self) -> tuple[str, ...]:
        """The visits at which arms are compared."""
        return self.visits[1:] if self._adjusted else self.visits

    @property
    def curve(self) -> Curve:
        """The share in the lowest class by visit."""
        adjusted = (
            " Arms that begin apart are compared by the odds ratios, which start from equal severity."
            if self._adjusted
            else ""
        )
        return Curve(
            variable="lowest",
            over="visit",
            grid=(0.0,),
            x_label="visit",
            y_label=f"patients in the lowest class, {self.outcome.label}, %",
            scale=100.0,
            crosses="share",
            caption="The share of patients of each arm in the lowest class at each visit: point, posterior median; "
            f"bars, central 50 % and 95 %.{adjusted}",
        )

    def declared(self, data: Data) -> tuple[Estimand, ...]:
        """At each compared visit an odds ratio of a lower class and a difference in the chance of the lowest."""
        o, lowest = self.outcome, _text(data["level"])[0]
        equal = ", at equal severity before" if self._adjusted else ""
        names = {visit.id: f" at {visit.label}" for visit in o.visits}
        rows = []
        for visit in self.compared:
            at = names.get(visit, "")
            words = f"Odds ratio of a lower {o.label}{at}{equal}"
            rows.append(Estimand(f"odds_ratio_{visit}", words, "", 1.0, o.opposite))
            words = f"Risk difference, {o.label} {lowest}{at}{equal}"
            rows.append(Estimand(f"lowest_difference_{visit}", words, "", 0.0, o.opposite))
        return tuple(rows)

    def from_study(self, study: Study, plan: Plan) -> ClassCounts | MedianClasses:
        """The data from what a study reports. Raises NotPrinted."""
        visits = [None if visit == _ONLY else visit for visit in self.visits]
        return ordinal_published.from_study(study, study.endpoint(self.outcome.endpoint), visits)

    def from_patients(self, study: Study, plan: Plan, rows: PatientRows, family: str) -> PatientClasses:
        """The classes of patients with any of the visits. Raises NotPrinted."""
        named = {part.visit for part in plan.endpoints}
        visits = [visit if visit in named else None for visit in self.visits]
        return ordinal_patients.from_rows(study.endpoint(self.outcome.endpoint), visits, rows)

    def _coords(self, data: Data) -> dict[str, list[str]]:
        return {
            "cut": _text(data["level"])[2:],
            "moved": list(self.visits[1:]),
            "later": list(self.compared),
        }

    def build(self, data: Data, family: str, priors: Priors) -> pm.Model:
        """Build the model on patients (see ``patients``), or on what is published of them."""
        with pm.Model(coords={"arm": ARM.arm.values, **self._coords(data)}) as model:
            given = {
                name: parameter(name, priors, **({"dims": _SHAPES[name]} if name in _SHAPES else {}))
                for name in self._names
            }
            if isinstance(data, PatientClasses):
                self._patients_likelihood(data, given)
            else:
                ordinal_published.likelihood(data, lambda u: self._log_chances(given, u), len(self.visits))
        return model

    def _patients_likelihood(self, data: Data, given: Mapping[str, Any]) -> None:
        patterns, pattern = (pm.Data(name, np.asarray(data[name])) for name in ("patterns", "pattern"))
        flat = self._log_chances(given, NODES).reshape((len(ARM), -1, len(NODES)))
        # How often each class was seen at each visit: once, unless a visit has several answers.
        seen = patterns.reshape((*patterns.shape[:2], -1, flat.shape[1])).sum(axis=2)
        by_pattern = pt.logsumexp(seen @ flat + LOG_WEIGHTS, axis=-1)
        given_density("classes", by_pattern[np.array([[0], [1]]), pattern], pattern)

    @property
    def _names(self) -> tuple[str, ...]:
        if len(self.visits) == 1:
            return tuple(name for name in _PARAMETERS if name not in _OF_SEVERAL_VISITS)
        return tuple(name for name in _PARAMETERS if name != "base" or self._adjusted)

    def _log_chances(self, given: Mapping[str, Any], u: Any) -> Any:
        """Log chance of each class, (arm, visit, class, u), for patients with these u.

        P(y = k) = σ(x_(k+1)) - σ(x_k) = σ(x_(k+1)) σ(-x_k) (1 - exp(x_k - x_(k+1))) loses no digits.
        """
        cuts = pt.concatenate([given["first_cut"][None], given["first_cut"] + pt.cumsum(given["gap"])])
        zero = pt.zeros(1)
        shift = pt.concatenate([zero, given["shift"]]) if "shift" in given else zero
        ratio = given["log_odds_ratio"]
        apart = given["base"] + pt.concatenate([zero, ratio]) if self._adjusted else ratio
        towards_lower = HALVES.to_numpy()[:, None] * apart - shift  # (arm, visit)
        x = towards_lower[:, :, None, None] + cuts[:, None] - given.get("patient_sd", 0.0) * u
        below = -pt.softplus(-x)
        above = below - x
        between = below[:, :, 1:] + above[:, :, :-1] + pt.log1mexp(-given["gap"])[:, None]
        return pt.concatenate([below[:, :, :1], between, above[:, :, -1:]], axis=2)

    def estimands(self, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """Odds ratios and differences in the chance of the lowest class, one value for each draw.

        The difference is between all patients of the cohort under the one arm's and under the other arm's course:
        severity before treatment is that of both arms together, in proportion to their patients.
        """
        ratio, shift = self._by_visit(draws, "log_odds_ratio"), self._by_visit(draws, "shift")
        n = _patients_by_arm(data)
        began = [(n[b] / n.sum(), draws["first_cut"] + (b - 0.5) * _of(draws, "base")) for b in (0, 1)]
        lowest = [
            sum(
                share * _chance_of_lowest(start + (a - 0.5) * ratio - shift, _of(draws, "patient_sd"))
                for share, start in began
            )
            for a in (0, 1)
        ]
        difference = lowest[1] - lowest[0]
        result = {}
        for visit in self.compared:
            result[f"odds_ratio_{visit}"] = np.exp(ratio.sel(visit=visit, drop=True))
            result[f"lowest_difference_{visit}"] = difference.sel(visit=visit, drop=True)
        return xr.Dataset(result)

    def _by_visit(self, draws: xr.Dataset, name: str) -> xr.DataArray:
        """A parameter of some visits with 0 at the others, (visit, ...)."""
        dim = _SHAPES[name]
        known = list(self._coords({"level": np.array([])})[dim])
        values = _of(draws, name).transpose(..., dim, missing_dims="ignore")
        parts = [
            values.isel({dim: known.index(visit)}, drop=True)
            if visit in known
            else xr.zeros_like(draws["first_cut"])
            for visit in self.visits
        ]
        return xr.concat(parts, "visit").assign_coords(visit=list(self.visits))

    def curves(self, draws: xr.Dataset, data: Data, family: str, grid: NDArray[np.float64]) -> xr.Dataset:
        """The chance of the lowest class by arm and visit, as the arms are, for each draw."""
        ratio, shift = self._by_visit(draws, "log_odds_ratio"), self._by_visit(draws, "shift")
        mean = draws["first_cut"] - shift + HALVES * (_of(draws, "base") + ratio)
        return xr.Dataset({"lowest": _chance_of_lowest(mean, _of(draws, "patient_sd"))})

    def prior_draws(self, rng: Generator, data: Data, family: str, priors: Priors, draws: int) -> xr.Dataset:
        """Parameters drawn from the priors, (chain, draw, ...) with one chain."""
        coords: dict[str, Any] = {"chain": [0], "draw": np.arange(draws), **self._coords(data)}
        values = {}
        for name in self._names:
            dims = ("chain", "draw", *((_SHAPES[name],) if name in _SHAPES else ()))
            values[name] = (dims, draw_parameter(rng, name, priors, size=tuple(len(coords[d]) for d in dims)))
        return xr.Dataset(values, coords=coords)

    def _classes(self, rng: Generator, draws: xr.Dataset, arm: int, n: int) -> Any:
        """Yield the classes (chain, draw, patient) of n patients of an arm, visit by visit."""
        dims = ("chain", "draw")
        ratio, shift = (
            self._by_visit(draws, name).transpose("visit", *dims) for name in ("log_odds_ratio", "shift")
        )
        cuts = _cuts(draws.transpose(*dims, ...))
        sd, base = (
            values.transpose(*dims).to_numpy()[..., None]
            for values in (_of(draws, "patient_sd"), _of(draws, "base"))
        )
        own = sd * rng.standard_normal((*cuts.shape[:2], n))
        for v in range(len(self.visits)):
            apart = base + ratio.to_numpy()[v][..., None]
            towards_lower = (arm - 0.5) * apart - shift.to_numpy()[v][..., None]
            latent = own - towards_lower + rng.logistic(size=own.shape)
            yield sum((latent > cuts[..., k, None]).astype(np.int8) for k in range(cuts.shape[-1]))

    def predict(self, rng: Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """One new cohort for each draw: what is published; of patients, % in the lowest class and the mean class."""
        if not isinstance(data, PatientClasses):
            return self._published(rng, draws, data)
        known = self._known(data)
        share, mean = [], []
        for a in (0, 1):
            kept = known[a].any(axis=-1)
            drawn = list(enumerate(self._classes(rng, draws, a, int(kept.sum()))))
            share.append([100 * (level[..., known[a][kept, v]] == 0).mean(axis=-1) for v, level in drawn])
            mean.append([level[..., known[a][kept, v]].mean(axis=-1) for v, level in drawn])
        dims = ("arm", "visit", "chain", "draw")
        coords = {
            "arm": ARM["arm"],
            "visit": list(self.visits),
            "chain": draws["chain"],
            "draw": draws["draw"],
        }
        return xr.Dataset(
            {"share": (dims, np.array(share)), "mean": (dims, np.array(mean))}, coords=coords
        ).transpose("chain", "draw", "arm", "visit")

    def _published(self, rng: Generator, draws: xr.Dataset, data: Data) -> xr.Dataset:
        """What would be published of one new cohort for each draw."""
        cohort = [list(self._classes(rng, draws, a, int(data["n"][a]))) for a in (0, 1)]
        name, found = ordinal_published.summary(cohort, data)
        return xr.Dataset({name: (("chain", "draw", "arm", name), found)})

    def _known(self, data: Data) -> NDArray[np.bool_]:
        """Whether the class is known, (arm, patient, visit)."""
        answer = np.asarray(data["answer"])
        return answer.reshape(*answer.shape[:2], len(self.visits), -1).sum(axis=-1) > 0

    def printed_quantities(self, data: Data) -> tuple[PrintedQuantity, ...]:
        """What is published; of patients, % in the lowest class and the mean class (the lowest is 0) by visit."""
        if not isinstance(data, PatientClasses):
            return ordinal_published.quantities(data, self.outcome.label, self.visits)
        levels, answer, label = _text(data["level"]), np.asarray(data["answer"]), self.outcome.label
        counts = answer.reshape(*answer.shape[:2], len(self.visits), len(levels)).sum(axis=1)
        total = counts.sum(axis=-1)
        return tuple(
            PrintedQuantity(name, (a, v), float(values[a, v]), f"{words} at {visit}, {name}", arm, unit)
            for name, values, words, unit in (
                ("share", 100 * counts[..., 0] / total, f"{label} {levels[0]}", "%"),
                ("mean", counts @ np.arange(len(levels)) / total, label, "classes, the lowest 0"),
            )
            for v, visit in enumerate(self.visits)
            for a, arm in enumerate(("reference", "contrast"))
        )

    def simulate(
        self, rng: Generator, data: ClassCounts | MedianClasses, family: str, priors: Priors
    ) -> tuple[dict[str, Any], ClassCounts | MedianClasses]:
        """Draw parameters from the priors, a cohort of the same size, and only what is published of it."""
        drawn = self.prior_draws(rng, data, family, priors, 1)
        cohort = [list(self._classes(rng, drawn, a, int(data["n"][a]))) for a in (0, 1)]
        found = ordinal_published.summary([[level[0, 0] for level in arm] for arm in cohort], data)
        truth = {name: drawn[name].to_numpy()[0, 0] for name in self._names}
        made = data | {found[0]: found[1]}
        return truth, ordinal_published.with_terms(made) if isinstance(made, MedianClasses) else made

    def simulate_patients(
        self, rng: Generator, data: Data, family: str, priors: Priors
    ) -> tuple[dict[str, Any], PatientClasses]:
        """Draw parameters from the priors, and a cohort of the same size, patient by patient."""
        drawn = self.prior_draws(rng, data, family, priors, 1)
        levels, sizes = _text(data["level"]), np.asarray(data["n"])
        level = np.full((2, int(sizes.max()), len(self.visits)), np.nan)
        for a, n in enumerate(sizes):
            for v, seen in enumerate(self._classes(rng, drawn, a, int(n))):
                level[a, :n, v] = seen[0, 0]
        truth = {name: drawn[name].to_numpy()[0, 0] for name in self._names}
        return truth, self.patients(level, len(levels)) | {"level": np.asarray(data["level"])}


def _text(values: Any) -> list[str]:
    return [str(value) for value in np.asarray(values)]


def _of(draws: xr.Dataset, name: str) -> xr.DataArray:
    """A parameter, or 0 where the visits leave it no meaning."""
    return draws[name] if name in draws else xr.zeros_like(draws["first_cut"])


def _cuts(draws: xr.Dataset) -> Any:
    """All cuts, (chain, draw, cut)."""
    first = draws["first_cut"].to_numpy()[..., None]
    gaps = draws["gap"].transpose(..., "cut").to_numpy()
    return np.concatenate([first, first + np.cumsum(gaps, axis=-1)], axis=-1)


def _chance_of_lowest(mean: Any, sd: Any) -> Any:
    """E[σ(mean - sd u)] over u ~ Normal(0, 1), by the rule of the model."""
    return sum(np.exp(w) * special.expit(mean - sd * z) for z, w in zip(NODES, LOG_WEIGHTS, strict=True))


def _patients_by_arm(data: Data) -> NDArray[np.float64]:
    """How many patients of each arm have a class at any visit."""
    if not isinstance(data, PatientClasses):
        return np.asarray(data["n"], dtype=float)
    return (np.asarray(data["answer"]).sum(axis=-1) > 0).sum(axis=1).astype(float)
