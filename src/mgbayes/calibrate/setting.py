"""Everything that a calibration follows from: the model, its priors, a study to simulate like, the sampler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mgbayes.cache import source_hash
from mgbayes.calibrate import sbc
from mgbayes.calibrate.case import Case
from mgbayes.calibrate.fingerprint import TOLERANCE, Fingerprint, fingerprint, rounded
from mgbayes.calibrate.on_patients import OnPatients
from mgbayes.calibrate.sbc import Data, Model
from mgbayes.models.catalogue import MODELS
from mgbayes.models.priors import Prior
from mgbayes.study.schema import Study

SEED = 20200216
DRAWS = 500
CHAINS = 4


@dataclass(frozen=True)
class Setting:
    """What is calibrated, ready to be simulated and refitted.

    ``numbers`` are the study's, and ``template`` the data of a study to simulate like, which for patients is a
    simulated cohort of the same size.
    """

    model: Model
    family: str
    priors: dict[str, Prior]
    numbers: Data
    template: Data
    target_accept: float

    @classmethod
    def of(cls, study: Study, case: Case) -> Setting:
        """The setting of a case on cohorts like a study's. Raises NotPrinted."""
        plan, row = case.plan, MODELS[case.plan.model]
        module = row.of(study, plan)
        priors = plan.prior_set(plan.family, case.adjusted)
        numbers: Any = module.cohort_like(study, plan)
        model: Any = OnPatients(module, numbers) if case.on_patients else module
        template = model.template(plan.family, priors) if case.on_patients else numbers
        accept = plan.sampling_of(plan.family, patients=case.on_patients).target_accept
        return cls(model, plan.family, priors, numbers, template, accept)

    def basis(self) -> Basis:
        """What evidence from this setting stands on."""
        return Basis(
            fingerprint=fingerprint(self.model, self.family, self.priors, self.template),
            priors={name: (prior.form, rounded(prior.values)) for name, prior in self.priors.items()},
            numbers={
                name: rounded(np.ravel(values))
                for name, values in self.numbers.items()
                if np.asarray(values).dtype.kind in "biuf"
            },
            sampler={
                "draws": DRAWS,
                "tune": sbc.TUNE,
                "chains": CHAINS,
                "levels": sbc.LEVELS,
                "target_accept": self.target_accept,
                "seed": SEED,
            },
            calibrator_sha256=source_hash(("calibrate/sbc.py",)),
        )


@dataclass(frozen=True)
class Basis:
    """What evidence stands on; it ends where one of these changes.

    Names of parameters and of arrays are for readers: what is compared are the numbers.
    """

    fingerprint: Fingerprint
    priors: dict[str, tuple[str, tuple[float, ...]]]
    numbers: dict[str, tuple[float, ...]]
    sampler: dict[str, float]
    calibrator_sha256: str

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Basis:
        """From JSON. Raises KeyError for evidence that does not say what it stands on."""
        return cls(
            fingerprint=Fingerprint.read(stored["fingerprint"]),
            priors={name: (form, tuple(values)) for name, (form, values) in stored["priors"].items()},
            numbers={name: tuple(values) for name, values in stored["numbers"].items()},
            sampler=dict(stored["sampler"]),
            calibrator_sha256=stored["calibrator_sha256"],
        )

    def differences(self, other: Basis) -> tuple[str, ...]:
        """What differs from another basis, in words; empty where nothing does."""
        checks = (
            (sorted(self.priors.values()) == sorted(other.priors.values()), "the priors of the plan changed"),
            (_same(self.numbers, other.numbers), "the study's numbers changed"),
            (self.sampler == other.sampler, "the sampler's settings changed"),
            (self.calibrator_sha256 == other.calibrator_sha256, "the code of the calibrator changed"),
        )
        found = tuple(words for same, words in checks if not same)
        return found + self.fingerprint.differences(other.fingerprint)


def _same(ours: dict[str, tuple[float, ...]], theirs: dict[str, tuple[float, ...]]) -> bool:
    """Whether two sets of arrays hold the same numbers, under whatever names."""
    a, b = sorted(ours.values()), sorted(theirs.values())
    return [len(x) for x in a] == [len(x) for x in b] and all(
        np.allclose(x, y, rtol=TOLERANCE, equal_nan=True) for x, y in zip(a, b, strict=True)
    )
