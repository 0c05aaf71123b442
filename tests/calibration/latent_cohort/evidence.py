"""Stored replicates of the calibration, and what they stand on: they hold as long as the cohort means the same.

Moves of the chain may be rewritten, since tests hold them against lists of all tables; another density, prior,
estimand, simulator, or study ends the evidence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from mgbayes.cache import source_hash, write_text
from mgbayes.calibrate.fingerprint import Fingerprint, checksums, rounded
from mgbayes.calibrate.sbc import LEVELS, SbcResult
from mgbayes.calibrate.setting import Basis
from mgbayes.latent_cohort.run import parameter_draws
from mgbayes.latent_cohort.sampler import Cohort, Run, State, log_density
from tests.calibration.latent_cohort.replicate import INTERVALS, SETTINGS, Question, Replicate, replicate
from tests.calibration.latent_cohort.simulate import cohorts

FILE = Path(__file__).parent / "evidence.json"
REPLICATES = 300
SEED = 20200216
_POINTS = 3
_SETTINGS = ("dependence", "chains", "warmup", "draws", "thin")


def calibrate(replicates: int, jobs: int, file: Path = FILE) -> None:
    """Make those of the first replicates that are not stored; each is stored as it ends."""
    question, (basis, done) = Question.embedded(), _read(file)
    now = basis_of(question.cohort())
    if basis is None or basis.differences(now):
        done = {}
    seeds = np.random.SeedSequence(SEED).spawn(replicates)
    missing = [number for number in range(replicates) if number not in done]
    run = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    for number, found in run(joblib.delayed(_numbered)(question, n, seeds[n]) for n in missing):
        done[number] = found
        record = {"basis": asdict(now), "replicates": {n: asdict(done[n]) for n in sorted(done)}}
        write_text(file, json.dumps(record, separators=(",", ":")) + "\n")


def _numbered(question: Question, number: int, seed: np.random.SeedSequence) -> tuple[int, Replicate]:
    return number, replicate(question, seed)


def _read(file: Path) -> tuple[Basis | None, dict[int, Replicate]]:
    if not file.exists():
        return None, {}
    stored = json.loads(file.read_text("utf-8"))
    done = {int(number): Replicate(**one) for number, one in stored["replicates"].items()}
    return Basis.read(stored["basis"]), done


def basis_of_stored(file: Path = FILE) -> Basis:
    """What the stored replicates stand on."""
    found, _ = _read(file)
    assert found is not None
    return found


def result(file: Path = FILE) -> SbcResult:
    """The ranks of every quantity."""
    done = list(_read(file)[1].values())
    ranked = [one.ranks for one in done if one.ranks]
    return SbcResult(
        model="latent_cohort",
        family="",
        seed=SEED,
        levels=LEVELS,
        ranks={name: tuple(ranks[name] for ranks in ranked) for name in ranked[0]},
        problems=tuple(one.problem for one in done),
        errors=len(done) - len(ranked),
    )


def coverage(file: Path = FILE) -> Iterator[tuple[str, float, int, int]]:
    """By quantity and interval: its probability, how often it held the truth, and in how many replicates."""
    done = [one.inside for one in _read(file)[1].values() if one.inside]
    for name in done[0]:
        for k, probability in enumerate(INTERVALS):
            yield name, probability, sum(inside[name][k] for inside in done), len(done)


def basis_of(cohort: Cohort) -> Basis:
    """What replicates stand on: densities, estimands and simulated tables at fixed seeds, priors, and settings."""
    rows: dict[str, list[Any]] = {"density": [], "contrasts": [], "simulated": []}
    for seed in range(_POINTS):
        drawn = next(cohorts(np.random.default_rng(seed), cohort))
        effect = np.random.default_rng(seed).standard_normal((1, len(cohort.arm)))
        state = State(drawn.table, cohort, drawn.theta, effect)
        prior = sum(one.layout.log_prior(drawn.theta[one.name])[0] for one in cohort.outcomes)
        rows["density"].append(rounded([prior, *log_density(cohort, state, drawn.table.every(), effect)[0]]))
        rows["contrasts"].append(rounded(_estimands(cohort, drawn.theta)))
        rows["simulated"].append(checksums({name: np.array(one) for name, one in drawn.table.steps.items()}))
    windows = [one.windows for one in cohort.statements if one.windows is not None]
    return Basis(
        fingerprint=Fingerprint(**{name: tuple(each) for name, each in rows.items()}),
        priors={
            f"{outcome.name} {one.name}": (one.prior.form, rounded(one.prior.values))
            for outcome in cohort.outcomes
            for one in outcome.layout.parameters
        },
        numbers={
            str(k): (float(one.low), float(one.high), one.low_variance) for k, one in enumerate(windows)
        },
        sampler={name: float(getattr(SETTINGS, name)) for name in _SETTINGS} | {"seed": SEED},
        calibrator_sha256=source_hash(("calibrate/sbc.py",)),
    )


def _estimands(cohort: Cohort, theta: dict[str, Any]) -> list[float]:
    found = []
    for outcome in cohort.outcomes:
        values = outcome.estimands(
            parameter_draws(outcome, Run({name: [one] for name, one in theta.items()}))
        )
        found += [values[one.id].item() for one in outcome.declared()]
    return found
