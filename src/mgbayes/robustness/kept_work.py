"""Many pieces of work that share compiled models, side by side, each kept on disk as soon as it is done.

Work that was stopped, however abruptly, goes on where it stopped: what is on disk is read and not made again.
Each piece is found by its content; it is written beside its place and moved there. Pieces run in processes of this
machine, or on a Dask cluster that exists already: joblib sends them there, and sends again what a lost worker had.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgbayes.cache import cache_folder, write_text
from mgbayes.errors import InputError, Problem
from mgbayes.inference.run import Fitter
from mgbayes.robustness.grid import Setting

Say = Callable[[str], None]
_PATIENCE = 10  # seconds for a cluster to answer


@dataclass(frozen=True)
class Work[T]:
    """A kind of result: its folder, how it is found again, made, written and read.

    ``make`` may leave a piece to other work by returning None, which is not kept. ``starts_from_reports`` is whether
    it reads, and keeps, the fits of a report; fits of its own are not worth their place on disk.
    """

    folder: str
    key: Callable[[Fitter, Setting], str]
    make: Callable[[Fitter, Setting], T | None]
    to_text: Callable[[T], str]
    from_text: Callable[[str], T]
    starts_from_reports: bool = False

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


Piece = tuple[Work[Any], Setting]
"""One result to be made."""


@dataclass(frozen=True)
class Crew:
    """Who does the work: processes of this machine, or the Dask cluster whose scheduler is at this address."""

    cores: int = 2
    cluster: str | None = None
    use_cache: bool = True


def finish(pieces: Sequence[Piece], crew: Crew, say: Say = lambda text: None) -> list[Any]:
    """Every result, in the order of the pieces, whatever the number of processes; None where work left it.

    Raises InputError when the study lacks what is needed, or no Dask cluster answers at the address.
    """
    fitter = Fitter(use_cache=False)
    keys = [(work.folder, work.key(fitter, setting)) for work, setting in pieces]
    by_key = dict(zip(keys, pieces, strict=True))
    done = _kept(by_key) if crew.use_cache else {}
    waiting = {key: piece for key, piece in by_key.items() if key not in done}
    say(f"{len(waiting)} pieces to make, {len(done)} kept from before")
    tasks = [_Group(group, crew.use_cache) for group in _groups(waiting)]
    for number, (title, made) in enumerate(_run(tasks, crew), start=1):
        say(f"{title}: done ({number} of {len(tasks)} models)")
        if crew.use_cache:
            _keep(by_key, made)
        done |= made
    return [done[key] for key in keys]


Key = tuple[str, str]
"""The folder of a result and its key there."""


def _kept(pieces: dict[Key, Piece]) -> dict[Key, Any]:
    found = {key: work.read(key[1]) for key, (work, _) in pieces.items()}
    return {key: result for key, result in found.items() if result is not None}


def _keep(pieces: dict[Key, Piece], made: dict[Key, Any]) -> None:
    """What came from a worker that has another disk."""
    for key, result in made.items():
        work, _ = pieces[key]
        if result is not None and not work.place(key[1]).exists():
            work.write(key[1], result)


class _Group:
    """The work of one compiled model, as a task that another process can be given."""

    def __init__(self, pieces: Sequence[tuple[Key, Piece]], use_cache: bool) -> None:
        self.pieces, self.use_cache = pieces, use_cache
        self._asked_by = os.getpid()

    @property
    def title(self) -> str:
        """What a progress bar says of it."""
        setting = self.pieces[0][1][1]
        return f"{setting.plan.title}, {setting.family}"

    def __call__(self, cores: int = 1, cluster: bool = False) -> tuple[str, dict[Key, Any]]:
        """Every result; on a cluster this may be the second worker to try, after another was lost."""
        done = _kept(dict(self.pieces)) if cluster and self.use_cache else {}
        reports = any(work.starts_from_reports for _, (work, _) in self.pieces)
        fitter = Fitter(cores=cores, use_cache=self.use_cache and reports, predictive=False)
        for key, (work, setting) in self.pieces:
            if not cluster and self._asked_by not in (os.getpid(), os.getppid()):
                break  # that process was killed: what is done is kept, and nobody waits for more
            if key in done:
                continue
            done[key] = work.make(fitter, setting)
            if self.use_cache and done[key] is not None:
                work.write(key[1], done[key])
        return self.title, done


def _groups(waiting: dict[Key, Piece]) -> list[list[tuple[Key, Piece]]]:
    """By model and family, the most work first. Within a group, those that share draws are side by side."""
    together: dict[tuple[object, ...], list[tuple[Key, Piece]]] = {}
    for key, (work, setting) in waiting.items():
        slot = setting.plan.model, setting.family, work.starts_from_reports
        together.setdefault(slot, []).append((key, (work, setting)))
    for group in together.values():
        group.sort(key=_draws_first)
    return sorted(together.values(), key=lambda group: (-sum(_size(row) for row in group), group[0][0]))


def _draws_first(row: tuple[Key, Piece]) -> tuple[object, ...]:
    key, (work, setting) = row
    varied, test = setting.varied, setting.printed_p[0].test if setting.printed_p else ""
    if work.starts_from_reports:  # every prior starts from one fit
        return (setting.plan.id, setting.alternative or "", test, varied.effect, key)
    prior, selected = setting.belief.prior.values, setting.is_selected
    return (setting.plan.id, selected, varied.effect, setting.alternative or "", prior, test, key)


def _size(row: tuple[Key, Piece]) -> int:
    _, (work, setting) = row
    sampling = setting.plan.sampling if work.starts_from_reports else setting.refit().plan.sampling
    return sampling.conditioning_draws if setting.printed_p else sampling.draws


def _run(tasks: Sequence[_Group], crew: Crew) -> Iterator[tuple[str, dict[Key, Any]]]:
    """As they come: in this process when there is one core or one task; else in processes, or on the cluster."""
    if crew.cluster is None and (crew.cores == 1 or len(tasks) < 2):
        yield from (task(crew.cores) for task in tasks)
        return
    if not tasks:
        return
    from joblib import Parallel, delayed

    with _backend(crew):
        parallel = Parallel(
            n_jobs=-1 if crew.cluster else crew.cores, return_as="generator_unordered", batch_size=1
        )
        yield from parallel(delayed(task)(cluster=crew.cluster is not None) for task in tasks)


@contextmanager
def _backend(crew: Crew) -> Iterator[None]:
    """Where joblib sends its tasks. Raises InputError when no cluster answers."""
    from joblib import parallel_config

    if crew.cluster is None:
        with parallel_config(backend="loky"):
            yield
        return
    try:
        from distributed import Client

        client = Client(crew.cluster, timeout=_PATIENCE, set_as_default=False)
    except ImportError:
        problem = Problem(
            "--cluster", crew.cluster, "the package distributed, as in pip install mgbayes[dask]"
        )
        raise InputError("sensitivity", [problem]) from None
    except (OSError, ValueError) as fault:
        problem = Problem("--cluster", crew.cluster, f"the address of a running Dask scheduler ({fault})")
        raise InputError("sensitivity", [problem]) from None
    with client, parallel_config(backend="dask", client=client):
        yield
