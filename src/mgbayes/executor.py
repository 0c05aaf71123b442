"""Tasks run side by side: in processes of this machine, or on the Dask cluster whose scheduler is at an address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mgbayes.errors import InputError, Problem

_TIMEOUT = 10  # seconds for a cluster to answer


@dataclass(frozen=True)
class Executor:
    """``cores`` processes of this machine or, where ``cluster`` is the address of a Dask scheduler, its workers."""

    cores: int = 2
    cluster: str | None = None

    def in_process(self, tasks: int) -> bool:
        """Whether so many tasks run one after another in this process."""
        return self.cluster is None and (self.cores == 1 or tasks < 2)

    def run[T](self, tasks: Sequence[Callable[[], T]]) -> Iterator[tuple[int, T]]:
        """The number of each task and its result, as they come. joblib sends again what a lost worker had.

        Raises InputError when no cluster answers.
        """
        if self.in_process(len(tasks)):
            yield from ((number, task()) for number, task in enumerate(tasks))
            return
        if not tasks:
            return
        from joblib import Parallel, delayed

        with self._backend():
            jobs = -1 if self.cluster else self.cores
            parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
            yield from parallel(delayed(_numbered)(number, task) for number, task in enumerate(tasks))

    @contextmanager
    def _backend(self) -> Iterator[None]:
        from joblib import parallel_config

        if self.cluster is None:
            with parallel_config(backend="loky"):
                yield
            return
        try:
            from distributed import Client

            client = Client(self.cluster, timeout=_TIMEOUT, set_as_default=False)
        except ImportError:
            raise self._no_cluster("the package distributed, as in pip install mgbayes[dask]") from None
        except (OSError, ValueError) as fault:
            raise self._no_cluster(f"the address of a running Dask scheduler ({fault})") from None
        with client, parallel_config(backend="dask", client=client):
            yield

    def _no_cluster(self, accepted: str) -> InputError:
        return InputError("where to run", [Problem("--cluster", str(self.cluster), accepted)])


def _numbered(number: int, task: Callable[[], Any]) -> tuple[int, Any]:
    return number, task()
