"""The tasks of a grid: those that share a compiled model run together.

Each result is cached as soon as it is made, so that an interrupted run continues where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mgbayes.cache import Cache
from mgbayes.executor import Executor
from mgbayes.inference.run import Fitter, Say
from mgbayes.robustness.settings import Setting


@dataclass(frozen=True)
class Kind[T]:
    """A kind of result: how its key in the cache follows from a setting, and how it is made.

    ``make`` returns None for a setting that needs another kind of task; this is not cached. ``from_reports`` is
    whether it starts from the fits of a report, which are cached too; fits of its own are not worth their place.
    """

    cache: Cache[T]
    key: Callable[[Fitter, Setting], str]
    make: Callable[[Fitter, Setting], T | None]
    from_reports: bool = False


@dataclass(frozen=True)
class Task:
    """One result to be made."""

    kind: Kind[Any]
    setting: Setting
    key: str

    @property
    def id(self) -> tuple[str, str]:
        """Its place in the cache."""
        return self.kind.cache.kind, self.key


Results = dict[tuple[str, str], Any]


def results_of(
    wanted: Sequence[tuple[Kind[Any], Setting]],
    executor: Executor,
    *,
    use_cache: bool,
    say: Say = lambda text: None,
) -> list[Any]:
    """Every result in this order, whatever the number of processes; None where ``make`` returns it.

    Raises InputError when the study lacks what is needed, or no Dask cluster answers at the address.
    """
    fitter = Fitter(use_cache=False)
    tasks = [Task(kind, setting, kind.key(fitter, setting)) for kind, setting in wanted]
    by_id = {task.id: task for task in tasks}
    done = _cached(list(by_id.values())) if use_cache else {}
    waiting = [task for task in by_id.values() if task.id not in done]
    say(f"{len(waiting)} results to make, {len(done)} in the cache")
    together = _groups(waiting)
    cores = executor.cores if executor.in_process(len(together)) else 1
    groups = [_Group(tuple(rows), use_cache, cores, executor.cluster is not None) for rows in together]
    for number, (which, results) in enumerate(executor.run(groups), start=1):
        say(f"{groups[which].title}: done ({number} of {len(groups)} models)")
        for place, result in results.items() if use_cache else ():
            task = by_id[place]
            if result is not None and not task.kind.cache.path(task.key).exists():
                task.kind.cache.write(task.key, result)  # from a worker that has another disk
        done |= results
    return [done[task.id] for task in tasks]


def _cached(tasks: Sequence[Task]) -> Results:
    cached = {task.id: task.kind.cache.read(task.key) for task in tasks}
    return {place: result for place, result in cached.items() if result is not None}


@dataclass(frozen=True)
class _Group:
    """The tasks of one compiled model, which another process can be given."""

    tasks: tuple[Task, ...]
    use_cache: bool
    cores: int
    on_cluster: bool
    parent: int = field(default_factory=os.getpid)

    @property
    def title(self) -> str:
        """What a progress bar shows."""
        setting = self.tasks[0].setting
        return f"{setting.plan.title}, {setting.family}"

    def __call__(self) -> Results:
        """Every result; on a cluster this may be the second worker to try, after another was lost."""
        done = _cached(self.tasks) if self.on_cluster and self.use_cache else {}
        reports = any(task.kind.from_reports for task in self.tasks)
        fitter = Fitter(cores=self.cores, use_cache=self.use_cache and reports, predictive=False)
        for task in self.tasks:
            if not self.on_cluster and self.parent not in (os.getpid(), os.getppid()):
                break  # that process was killed: what is done is in the cache, and nobody waits for more
            if task.id in done:
                continue
            done[task.id] = result = task.kind.make(fitter, task.setting)
            if self.use_cache and result is not None:
                task.kind.cache.write(task.key, result)
        return done


def _groups(tasks: Sequence[Task]) -> list[list[Task]]:
    """By model and family, the most draws first. Within a group, those that share draws follow one another."""
    together: dict[tuple[object, ...], list[Task]] = {}
    for task in tasks:
        slot = task.setting.plan.model, task.setting.family, task.kind.from_reports
        together.setdefault(slot, []).append(task)
    groups = [sorted(group, key=_shared_draws) for group in together.values()]
    return sorted(groups, key=lambda group: (-sum(map(_draws, group)), group[0].id))


def _shared_draws(task: Task) -> tuple[object, ...]:
    setting = task.setting
    effect, numbers = setting.varied.effect, setting.alternative or ""
    test = setting.printed_p[0].test if setting.printed_p else ""
    if task.kind.from_reports:  # every prior starts from one fit
        return (setting.plan.id, numbers, test, effect, task.id)
    prior = setting.reference_prior.prior.values
    return (setting.plan.id, setting.is_selected, effect, numbers, prior, test, task.id)


def _draws(task: Task) -> int:
    setting = task.setting
    sampling = setting.plan.sampling if task.kind.from_reports else setting.refit().plan.sampling
    return sampling.conditioning_draws if setting.printed_p else sampling.draws
