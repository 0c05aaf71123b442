"""Patient rows by endpoint, visit and group.

The rows are a data set over ``patient`` and, where a value is seen more than once, ``visit``: a variable
for each endpoint; ``e.time``, ``e.event``, ``e.lower`` and ``e.upper`` for a time to an event; ``e.exposure`` beside
counts of events; ``covariate.<name>``; and the coordinate ``arm``. A missing value is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mgbayes.errors import InputError, Problem
from mgbayes.frequentist.samples import Floats
from mgbayes.patients.subset import Subset
from mgbayes.study.schema import ALL, Endpoint, Kind, Study

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Times:
    """Time and event (1 or 0) of each patient, NaN where not known; which events lie between two visits."""

    time: Floats
    event: Floats
    between_visits: NDArray[np.bool_]


@dataclass(frozen=True)
class PatientRows:
    """The rows of a study's patients, with the rules for its subsets."""

    study: Study
    data: xr.Dataset
    subsets: tuple[Subset, ...] = ()

    @property
    def arms(self) -> np.ndarray:
        """The arm of each patient."""
        return self.data["arm"].values.astype(str)

    @property
    def parts(self) -> tuple[str, ...]:
        """The subgroups of the study and the subsets that have a rule."""
        names = [*(part.id for part in self.study.subgroups), *(subset.id for subset in self.subsets)]
        return tuple(dict.fromkeys(names))

    def column(self, name: str) -> str | None:
        """The variable that holds an endpoint or a covariate; None when the rows have neither."""
        return next((key for key in (name, f"covariate.{name}") if key in self.data), None)

    def has(self, endpoint: Endpoint) -> bool:
        """Whether the rows say anything about an endpoint."""
        if endpoint.kind is Kind.time_to_event:
            return f"{endpoint.id}.time" in self.data and f"{endpoint.id}.event" in self.data
        name = self.column(endpoint.id)
        if name is None:
            return self._event_behind(endpoint) is not None
        return endpoint.kind is not Kind.binary or self._is_zero_or_one(name)

    def visits(self, endpoint: Endpoint) -> tuple[str | None, ...]:
        """The visits at which an endpoint has a value, in the study's order; (None,) when it has no visits."""
        name = self.column(endpoint.id)
        if endpoint.kind is Kind.time_to_event or name is None or "visit" not in self.data[name].dims:
            return (None,)
        seen = {str(v) for v in self.data["visit"].values if np.isfinite(self._at(name, str(v))).any()}
        order = [visit.id for visit in self.study.visits]
        return tuple(sorted(seen, key=lambda v: (order.index(v) if v in order else len(order), v)))

    def numbers(self, endpoint: Endpoint, visit: str | None) -> Floats:
        """The value of each patient, NaN where missing: shape (patients,)."""
        name = self.column(endpoint.id)
        if name is not None:
            return self._at(name, visit)
        times = self._event_behind(endpoint)
        return self.follow_up(times).event if times is not None else np.full(len(self.arms), np.nan)

    def level(self, endpoint: Endpoint, name: str) -> int | None:
        """The place of a named level, as the rows number them; None when they do not name it."""
        column = self.column(endpoint.id)
        levels = [] if column is None else list(self.data[column].attrs.get("levels", ()))
        return levels.index(name) if name in levels else None

    def counted(self, endpoint: Endpoint) -> str | None:
        """The level that a 1 stands for, where a yes/no endpoint is held as a category of two levels."""
        column = self.column(endpoint.id)
        levels = [] if column is None else list(self.data[column].attrs.get("levels", ()))
        return str(levels[1]) if endpoint.kind is Kind.binary and len(levels) > 1 else None

    def exposure(self, endpoint: Endpoint, visit: str | None) -> Floats | None:
        """The follow-up behind each patient's count; None where the rows do not give it."""
        name = f"{endpoint.id}.exposure"
        if name not in self.data or (visit is not None and "visit" not in self.data[name].dims):
            return None if name not in self.data or self._has_visits(endpoint) else self._at(name, None)
        return self._at(name, visit)

    def follow_up(self, endpoint: Endpoint) -> Times:
        """Times to an event. An event known only to lie between two visits counts at the later one."""
        time, event, lower, upper = (
            self._at(name, None) if name in self.data else np.full(len(self.arms), np.nan)
            for name in (f"{endpoint.id}.{part}" for part in ("time", "event", "lower", "upper"))
        )
        happened = event == 1
        time = np.where(happened & np.isnan(time), upper, time)
        between = happened & (lower < upper)
        return Times(time, np.where(np.isfinite(time), event, np.nan), between)

    def members(self, group: str) -> np.ndarray | None:
        """Who belongs to a group; None when the rows do not say."""
        if group == ALL:
            return np.ones(len(self.arms), bool)
        if group in {arm.id for arm in self.study.arms}:
            return self.arms == group
        rule = next((subset for subset in self.subsets if subset.id == group), None) or self._plain(group)
        name = None if rule is None else self.column(rule.column)
        return None if rule is None or name is None else rule.members(self._at(name, None), self.arms)

    def _plain(self, group: str) -> Subset | None:
        """``thymoma`` is read off a yes/no column of that name, as is the rest of it, and ``no_thymoma``."""
        rest_of = next((part.rest_of for part in self.study.subgroups if part.id == group), None)
        without = rest_of or group.removeprefix("no_")
        arm = next((part.within for part in self.study.subgroups if part.id == rest_of), None)
        for rule in (Subset(group, group, "==", 1.0), Subset(group, without, "==", 0.0, arm)):
            name = self.column(rule.column)
            if name is not None and self._is_yes_no(name):
                return rule
        return None

    def _is_yes_no(self, name: str) -> bool:
        """Whether a column holds 1 and 0 only, and these are not places in a list of levels."""
        return "levels" not in self.data[name].attrs and self._is_zero_or_one(name)

    def _is_zero_or_one(self, name: str) -> bool:
        """Whether a column holds nothing else: a category can have more than two values."""
        values = self.data[name].values
        return bool(np.isin(values[np.isfinite(values)], (0.0, 1.0)).all())

    def _event_behind(self, endpoint: Endpoint) -> Endpoint | None:
        """The time-to-event endpoint whose event is this yes/no endpoint."""
        for other in self.study.endpoints:
            if other.event is not None and self.study.claim(other.event).endpoint == endpoint.id:
                return other if self.has(other) else None
        return None

    def _has_visits(self, endpoint: Endpoint) -> bool:
        return self.visits(endpoint) != (None,)

    def _at(self, name: str, visit: str | None) -> Floats:
        values = self.data[name]
        if "visit" not in values.dims:
            return values.values.astype(float)
        if visit is None:  # the first visit at which anything is known
            filled = values.notnull().any("patient").values
            return values.isel(visit=int(np.argmax(filled))).values.astype(float)
        return values.sel(visit=visit).values.astype(float)


def check_rows(study: Study, data: xr.Dataset, subsets: tuple[Subset, ...] = ()) -> None:
    """Raise InputError when the data set has no patients or arms, strange arms, or not a subset's column."""
    known = [arm.id for arm in study.arms]
    if "patient" not in data.dims or "arm" not in data:
        accepted = "a data set over 'patient' with the coordinate 'arm'"
        raise InputError("patient rows", [Problem("dimensions", str(tuple(data.dims)), accepted)])
    strangers = sorted(set(data["arm"].values.astype(str)) - set(known))
    problems = [Problem("arm", repr(arm), f"one of {', '.join(known)}") for arm in strangers]
    rows = PatientRows(study, data, subsets)
    for subset in subsets:
        place = f"subset {subset.id!r}"
        if subset.id in (ALL, *known):
            problems.append(Problem(place, "the name of an arm or of all patients", "another name"))
        if sum(other.id == subset.id for other in subsets) > 1:
            problems.append(Problem(place, "two rules", "one rule"))
        if rows.column(subset.column) is None:
            accepted = f"one of {', '.join(sorted(map(str, data.data_vars)))}"
            problems.append(Problem(place, repr(subset.column), accepted))
        if subset.arm is not None and subset.arm not in known:
            problems.append(Problem(place, repr(subset.arm), f"one of {', '.join(known)}"))
    if problems:
        raise InputError("patient rows", dict.fromkeys(problems))
