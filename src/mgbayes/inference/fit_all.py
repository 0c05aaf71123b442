"""Many fits, side by side: one process compiles a model once and makes all of its fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mgbayes.inference.fit import Fit
from mgbayes.inference.run import Fitter, Job, evidence_of
from mgbayes.models.catalogue import MODELS

Say = Callable[[str], None]
Group = tuple[int, ...]


def fit_all(
    jobs: Sequence[Job], *, cores: int = 2, use_cache: bool = True, say: Say = lambda text: None
) -> list[Fit]:
    """Make every fit, in the order of the jobs, and tell ``say`` as they come.

    Jobs that share a compiled model stay together; groups run in ``cores`` processes, the longest first.
    Fits that are all kept from before are read here, without another process. Raises InputError, before
    anything is fitted, when the study lacks what a plan needs.
    """
    for job in jobs:
        evidence_of(MODELS[job.plan.model].load(), job)
    groups = _groups(jobs)
    fitter = Fitter(cores=cores, use_cache=use_cache)
    missing = {i for i, job in enumerate(jobs) if not fitter.has(job)}
    waiting = [group for group in groups if missing.intersection(group)]
    if cores == 1 or len(waiting) < 2:
        return [_told(fitter, job, say) for job in jobs]
    made = dict(_side_by_side(jobs, waiting, cores, use_cache, say))
    return [made[i] if i in made else _told(fitter, job, say) for i, job in enumerate(jobs)]


def _groups(jobs: Sequence[Job]) -> list[Group]:
    """Jobs by model and family, those that need the most draws first."""
    together: dict[tuple[str, str], list[int]] = {}
    for i, job in enumerate(jobs):
        together.setdefault((job.plan.model, job.family), []).append(i)
    return sorted(map(tuple, together.values()), key=lambda group: -sum(_draws(jobs[i]) for i in group))


def _draws(job: Job) -> int:
    sampling = job.plan.sampling
    return sampling.chains * (sampling.conditioning_draws if job.printed_p else sampling.draws)


def _told(fitter: Fitter, job: Job, say: Say) -> Fit:
    fitter.say = lambda stage: say(f"{job.title}: {stage}")
    return fitter.fit(job)


def _side_by_side(
    jobs: Sequence[Job], groups: Sequence[Group], cores: int, use_cache: bool, say: Say
) -> Iterator[tuple[int, Fit]]:
    from joblib import Parallel, delayed

    say(f"{sum(map(len, groups))} fits, {cores} at a time")
    parallel = Parallel(n_jobs=cores, backend="loky", return_as="generator_unordered", batch_size=1)
    works = parallel(
        delayed(_fit_group)(group, [jobs[i] for i in group], cores, use_cache) for group in groups
    )
    for group, fits in works:
        say(f"{jobs[group[0]].plan.title}, {jobs[group[0]].family}: done")
        yield from zip(group, fits, strict=True)


def _fit_group(group: Group, jobs: Sequence[Job], cores: int, use_cache: bool) -> tuple[Group, list[Fit]]:
    fitter = Fitter(cores=cores, use_cache=use_cache)
    return group, [fitter.fit(job) for job in jobs]
