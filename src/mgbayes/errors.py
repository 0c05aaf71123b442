"""What can go wrong, and how it is said.

::

    MgbayesError
    └── InputError         the input is not usable (exit code 2)

A fit that fails its diagnostics is a result, not an error: it is reported, and the exit code is 1, which means
nothing else. Any other exception is a fault of this package: its traceback is shown, and the exit code is 70. Work
stopped from outside ends with exit code 130.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import category

from mgbayes.limits import PROBLEMS_SHOWN

EXIT_DONE = 0
EXIT_FIT_FAILED = 1
EXIT_INPUT = 2
EXIT_UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130
_HIDDEN = ("Cc", "Cf", "Zl", "Zp")


class MgbayesError(Exception):
    """Anything this package refuses to do, with the exit code that the command line gives."""

    exit_code = EXIT_INPUT


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what a user handed in."""

    place: str
    given: str
    accepted: str

    def __str__(self) -> str:
        """One line: where, what was given, what is accepted."""
        return _printable(f"{self.place}: given {self.given}; accepted: {self.accepted}")


class InputError(MgbayesError):
    """The input is not usable: every problem that was found, with the file it is in."""

    exit_code = EXIT_INPUT

    def __init__(self, file: str, problems: Iterable[Problem], advice: str = "") -> None:
        self.file = file
        self.problems = tuple(problems)
        self.advice = advice
        super().__init__(str(self))

    def __str__(self) -> str:
        """The file, one line a problem, the count of those that are not shown, and what to do."""
        count = len(self.problems)
        head = f"{_printable(self.file)}: {count} problem{'s' if count != 1 else ''}"
        lines = [head, *(f"  {problem}" for problem in self.problems[:PROBLEMS_SHOWN])]
        if count > PROBLEMS_SHOWN:
            lines.append(f"  and {count - PROBLEMS_SHOWN} more")
        if self.advice:
            lines.append(self.advice)
        return "\n".join(lines)


def _printable(text: str) -> str:
    """One line that moves no cursor: what does not print stands as its escape sequence."""
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def hidden(text: str) -> str | None:
    """The first character that shows nothing, breaks a line or turns the order of others, in words; None without one.

    Tab and line feed are not among them. Such characters make two names look alike, or a text read otherwise than it
    is written.
    """
    first = next((mark for mark in text if category(mark) in _HIDDEN and mark not in "\n\t"), None)
    return None if first is None else f"the control character U+{ord(first):04X}"


def one_of(known: Iterable[str], given: str = "", *, none: str = "nothing") -> str:
    """What is accepted: every known name, and the nearest to what was given.

    ``none`` stands where there is no name to choose from.
    """
    from difflib import get_close_matches

    names = list(dict.fromkeys(known))
    if not names:
        return none
    near = get_close_matches(given, names, n=1)
    return f"one of {', '.join(names)}" + (f" (did you mean {near[0]!r}?)" if near else "")
