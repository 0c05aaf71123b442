"""Qualification of an installation, and the record that a quality department keeps of it."""

from __future__ import annotations

import hashlib
import json
import platform
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

from mgbayes.cache import versions, write_text
from mgbayes.files import check_folder, writing
from mgbayes.models.plan_file import shipped_texts
from mgbayes.qualification.oracles import Oracle, oracles
from mgbayes.study.load import embedded_studies, embedded_text

SCHEMA_VERSION = 1
NAME = "qualification"
LIBRARIES = (
    *("arviz-stats", "numba", "numpy", "nutpie", "pandas", "pydantic"),
    *("pymc", "pytensor", "scipy", "statsmodels", "xarray"),
)


@dataclass(frozen=True)
class Check:
    """One expected value and the interval that this installation gives; ``note`` is an error in place of it."""

    kind: str
    what: str
    source: str
    expected: float
    tolerance: float
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the expected value lies in the interval, within the tolerance."""
        if self.low is None or self.high is None:
            return False
        return self.low - self.tolerance <= self.expected <= self.high + self.tolerance

    @property
    def computed(self) -> str:
        """The value or interval in words."""
        if self.low is None or self.high is None:
            return self.note
        return f"{self.low:.6g}" if self.low == self.high else f"{self.low:.6g} to {self.high:.6g}"


@dataclass(frozen=True)
class Qualification:
    """The checks of one installation at one time. ``files`` has the SHA-256 of each study and plan in the package."""

    date: str
    seconds: float
    refits: bool
    versions: dict[str, str]
    platform: str
    files: dict[str, str]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def verdict(self) -> str:
        """The verdict in a sentence."""
        number = sum(check.passed for check in self.checks)
        skipped = "" if self.refits else " Posteriors were not sampled (--no-refits)."
        return f"{'Passed' if self.passed else 'Failed'}: {number} of {len(self.checks)} checks.{skipped}"

    def to_json(self) -> dict[str, Any]:
        """Everything, for machines."""
        checks = [asdict(check) | {"passed": check.passed} for check in self.checks]
        head = {"schema_version": SCHEMA_VERSION, "passed": self.passed, "verdict": self.verdict}
        return head | asdict(self) | {"checks": checks}

    def to_markdown(self) -> str:
        """Everything, for people."""
        software = [*self.versions.items(), ("platform", self.platform)]
        rows = [
            (check.kind, check.what, check.source, f"{check.expected:.6g}", check.computed, _word(check))
            for check in self.checks
        ]
        parts = (
            f"# Qualification of mgbayes {self.versions['mgbayes']}",
            f"**{self.verdict}** {self.date}, {self.seconds:.0f} seconds.",
            "Each check compares a value that others computed with what this installation computes of the same "
            "numbers. An estimate from draws is given as the interval of four Monte Carlo errors to each side.",
            _table(("kind", "what", "source", "expected", "computed", "result"), rows),
            "## Software",
            _table(("name", "version"), software),
            "## Study and plans that came with it (SHA-256)",
            _table(("file", "hash"), list(self.files.items())),
        )
        return "\n\n".join(parts) + "\n"

    def write(self, folder: str | Path) -> list[Path]:
        """Write qualification.json and qualification.md. Raises InputError where they cannot be written."""
        folder = Path(folder)
        check_folder(folder)
        texts = {
            ".json": json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n",
            ".md": self.to_markdown(),
        }
        paths = {folder / f"{NAME}{suffix}": text for suffix, text in texts.items()}
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for path, text in paths.items():
                write_text(path, text)
        return list(paths)


def qualify(
    *, refits: bool = True, progress: Callable[[str, int], None] = lambda what, number: None
) -> Qualification:
    """Compare this installation with values that others computed; at most a minute.

    Exact and asymptotic tests, tests on patients, claims of the embedded study, distributions and order statistics
    with R's values, closed forms and published numbers; and two posteriors, sampled anew and compared with a closed
    form and with rejection sampling within Monte Carlo error. Files of a wheel are compared with its record.

    Args:
        refits: whether posteriors are sampled (about 40 seconds of the time).
        progress: called with what is computed and the number of checks.

    Example:
        >>> import mgbayes as mb
        >>> mb.qualify(refits=False).passed
        True
    """
    start = datetime.now(UTC)
    chosen = [oracle for oracle in oracles() if refits or not oracle.samples_posterior]
    checks = list(_installed_files())
    for oracle in chosen:
        progress(oracle.what, len(chosen))
        checks.append(check_of(oracle))
    return Qualification(
        date=start.isoformat(timespec="seconds"),
        seconds=(datetime.now(UTC) - start).total_seconds(),
        refits=refits,
        versions={"mgbayes": version("mgbayes"), "python": platform.python_version(), **versions(LIBRARIES)},
        platform=platform.platform(),
        files={name: hashlib.sha256(text.encode()).hexdigest() for name, text in _texts().items()},
        checks=tuple(checks),
    )


def check_of(oracle: Oracle) -> Check:
    """One check; what keeps it from being computed is its note, since a broken installation may fail in any way."""
    fields = (oracle.kind, oracle.what, oracle.source, oracle.expected, oracle.tolerance)
    try:
        return Check(*fields, *oracle.computed())
    except Exception as error:
        return Check(*fields, note=f"not computed: {type(error).__name__}: {error}")


def _installed_files() -> Sequence[Check]:
    """The package's files compared with the record of its wheel; an editable installation has none to compare."""
    recorded = {
        Path(str(file.locate())): file.hash.value
        for file in distribution("mgbayes").files or ()
        if file.hash and file.parts[0] == "mgbayes"
    }
    if not any(path.name == "__init__.py" for path in recorded):
        return ()
    changed = sum(_hash(path) != value for path, value in recorded.items())
    what = f"Files that differ from the wheel, of {len(recorded)}"
    return (Check("installation", what, "RECORD of the wheel", 0.0, 0.0, changed, changed),)


def _hash(path: Path) -> str:
    content = path.read_bytes() if path.is_file() else b""
    return urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _texts() -> dict[str, str]:
    studies = {f"{name}.toml": embedded_text(name) for name in embedded_studies()}
    return studies | {f"plans/{name}": text for name, text in shipped_texts().items()}


def _word(check: Check) -> str:
    return "passed" if check.passed else "**FAILED**"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
