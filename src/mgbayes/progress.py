"""What is being done, told while it is: on a bar, in a terminal and in a notebook, that leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class Say(Protocol):
    """Is called with the stage, and its detail, as work goes on."""

    def __call__(self, stage: str, detail: str = "", /) -> None:
        """Tell it."""


def quiet(stage: str, detail: str = "", /) -> None:
    """Tells nothing."""


def on_a_bar[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """A function that has ``say``, which shows its stages on a bar where it is called without."""

    @wraps(function)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R:
        if "say" in kwargs:
            return function(*args, **kwargs)
        with stages(stderr_console()) as say:
            return cast(Callable[..., R], function)(*args, **kwargs, say=say)

    return shown


def stderr_console() -> Console:
    """Where everything but results goes."""
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def progress_bar(console: Console) -> Iterator[Progress]:
    """A progress bar that leaves nothing behind."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), BarColumn(20), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress


@contextmanager
def stages(console: Console) -> Iterator[Say]:
    """A progress bar of unknown length; the function that it gives shows the stage."""
    if console.is_jupyter:
        with _line_of_a_notebook() as say:
            yield say
        return
    with progress_bar(console) as progress:
        task = progress.add_task("starting", total=None)

        def say(stage: str, detail: str = "", /) -> None:
            progress.update(task, description=f"{stage} {detail}".rstrip())

        yield say


@contextmanager
def _line_of_a_notebook() -> Iterator[Say]:
    """A line of text that is written over, for which a notebook needs no widgets."""
    from IPython.display import display

    line = display({"text/plain": "starting"}, raw=True, display_id=True)

    def say(stage: str, detail: str = "", /) -> None:
        line.update({"text/plain": f"{stage} {detail}".rstrip()}, raw=True)

    try:
        yield say
    finally:
        line.update({"text/plain": ""}, raw=True)
