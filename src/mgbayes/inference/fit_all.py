"""Many fits, side by side: one process compiles a model once and makes all of its fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mgbayes.executor import Executor
from mgbayes.inference.fit import Fit
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter, Say

Work = Callable[[], Any]
Group = tuple[int, ...]


def fit_all(
    jobs: Sequence[Job],
    *,
    cores: int = 2,
    use_cache: bool = True,
    say: Say = lambda text: None,
    meanwhile: Work = lambda: None,
) -> tuple[list[Fit], Any]:
    """Make every fit, in the order of the jobs, and tell ``say`` as they come.

    Jobs that share a compiled model stay together; groups run in ``cores`` processes, the longest first,
    beside ``meanwhile``, whose result comes second. Fits that are all kept from before are read here,
    without another process. Raises InputError, before anything is fitted, when the study lacks what a plan
    needs.
    """
    for job in jobs:
        _ = job.data
    fitter = Fitter(cores=cores, use_cache=use_cache)
    missing = {i for i, job in enumerate(jobs) if not fitter.has(job)}
    waiting = [group for group in _groups(jobs) if missing.intersection(group)]
    if cores == 1 or len(waiting) < 2:
        other = meanwhile()
        return [_told(fitter, job, say) for job in jobs], other

    tasks: list[Work] = [_FitGroup([jobs[i] for i in group], cores, use_cache) for group in waiting]
    made: dict[int, Fit] = {}
    other = None
    for done, (which, result) in enumerate(Executor(cores).run([meanwhile, *tasks]), start=1):
        if which == 0:
            other = result
            continue
        group = waiting[which - 1]
        made |= zip(group, result, strict=True)
        say(f"{jobs[group[0]].plan.title}, {jobs[group[0]].family}: done ({done} of {len(tasks) + 1})")
    return [made[i] if i in made else _told(fitter, job, say) for i, job in enumerate(jobs)], other


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


class _FitGroup:
    """The fits of one compiled model, as a task that another process can be given."""

    def __init__(self, jobs: Sequence[Job], cores: int, use_cache: bool) -> None:
        self.jobs, self.cores, self.use_cache = jobs, cores, use_cache

    def __call__(self) -> list[Fit]:
        fitter = Fitter(cores=self.cores, use_cache=self.use_cache)
        return [fitter.fit(job) for job in self.jobs]
