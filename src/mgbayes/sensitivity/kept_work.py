"""Many pieces of work that share compiled models, side by side, each kept on disk as soon as it is done.

Work that was stopped, however abruptly, goes on where it stopped: what is on disk is read and not made again.
Each piece is found by its content; it is written beside its place and moved there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mgbayes.cache import cache_folder, write_text
from mgbayes.inference.run import Fitter
from mgbayes.sensitivity.beliefs import OWN
from mgbayes.sensitivity.grid import Setting

Say = Callable[[str], None]


@dataclass(frozen=True)
class Work[T]:
    """A kind of result: its folder, how it is found again, made, written and read."""

    folder: str
    key: Callable[[Fitter, Setting], str]
    make: Callable[[Fitter, Setting], T]
    to_text: Callable[[T], str]
    from_text: Callable[[str], T]

    def place(self, key: str) -> Path:
        """Where a result is kept."""
        return cache_folder(self.folder) / f"{key}.json"

    def read(self, key: str) -> T | None:
        """A result that was kept; None where there is none to be read."""
        try:
            return self.from_text(self.place(key).read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, key: str, result: T) -> None:
        """Keep a result; where the disk takes none, it is made again next time."""
        with suppress(OSError):
            write_text(self.place(key), self.to_text(result))


def finish[T](
    work: Work[T],
    settings: Sequence[Setting],
    *,
    cores: int = 2,
    use_cache: bool = True,
    say: Say = lambda text: None,
) -> list[T]:
    """Every result, in the order of the settings, whatever the number of processes. Raises InputError."""
    fitter = Fitter(cores=cores, use_cache=False, predictive=False)
    keys = [work.key(fitter, setting) for setting in settings]
    found = {key: work.read(key) for key in keys} if use_cache else {}
    done = {key: result for key, result in found.items() if result is not None}
    waiting = {key: setting for key, setting in zip(keys, settings, strict=True) if key not in done}
    say(f"{len(waiting)} fits to make, {len(done)} kept from before")
    tasks = [_Group(work, group, use_cache) for group in _groups(waiting)]
    for made in _run(tasks, fitter, cores, say):
        done |= made
    return [done[key] for key in keys]


class _Group[T]:
    """The work of one compiled model, as a task that another process can be given."""

    def __init__(self, work: Work[T], settings: Sequence[tuple[str, Setting]], use_cache: bool) -> None:
        self.work, self.settings, self.use_cache = work, settings, use_cache
        self._asked_by = os.getpid()

    @property
    def title(self) -> str:
        """What a progress bar says of it."""
        setting = self.settings[0][1]
        return f"{setting.plan.title}, {setting.family}"

    def __call__(self, fitter: Fitter, say: Say = lambda text: None) -> dict[str, T]:
        done = {}
        for number, (key, setting) in enumerate(self.settings, start=1):
            if self._asked_by not in (os.getpid(), os.getppid()):
                break  # that process was killed: what is done is kept, and nobody waits for more
            done[key] = self.work.make(fitter, setting)
            if self.use_cache:
                self.work.write(key, done[key])
            say(f"{self.title}: {number} of {len(self.settings)}")
        return done


def _groups(waiting: dict[str, Setting]) -> list[list[tuple[str, Setting]]]:
    """By model, family and whether a printed p selects draws, the most work first.

    Within a group, those that share draws are side by side.
    """
    together: dict[tuple[str, str, bool], list[tuple[str, Setting]]] = {}
    for key, setting in waiting.items():
        slot = setting.plan.model, setting.family, setting.is_selected
        together.setdefault(slot, []).append((key, setting))
    for group in together.values():
        group.sort(key=_draws_first)
    return sorted(together.values(), key=lambda group: (-sum(_size(row) for _, row in group), group[0][0]))


def _draws_first(row: tuple[str, Setting]) -> tuple[object, ...]:
    key, setting = row
    varied, alternative = setting.varied, setting.alternative or ""
    if setting.is_selected:  # every prior starts from the draws of the plan's own, one test at a time
        test = setting.printed_p[0].test
        return (setting.plan.id, alternative, test, setting.belief.name != OWN, varied.effect, key)
    prior, with_p = setting.belief.prior.values, bool(setting.printed_p)
    return (setting.plan.id, varied.effect, alternative, prior, with_p, varied.estimand, key)


def _size(setting: Setting) -> int:
    sampling = setting.job().plan.sampling
    return sampling.conditioning_draws if setting.printed_p else sampling.draws


def _run[T](tasks: Sequence[_Group[T]], fitter: Fitter, cores: int, say: Say) -> list[dict[str, T]]:
    """In this process when there is one core or one task; else in processes of their own."""
    if cores == 1 or len(tasks) < 2:
        return [task(fitter, say) for task in tasks]
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=cores, backend="loky", return_as="generator_unordered", batch_size=1)
    results: list[dict[str, T]] = []
    for title, made in parallel(delayed(_alone)(task) for task in tasks):
        say(f"{title}: done ({len(results) + 1} of {len(tasks)} models)")
        results.append(made)
    return results


def _alone[T](task: _Group[T]) -> tuple[str, dict[str, T]]:
    """One group in a process of its own, its chains one after the other."""
    return task.title, task(Fitter(cores=1, use_cache=False, predictive=False))
