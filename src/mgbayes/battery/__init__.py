"""Frequentist tests on patient rows: those that a paper names, and the better ones beside them."""

from mgbayes.battery.claims import ClaimCheck, compare_with_claims
from mgbayes.battery.result import Battery, BatteryRow
from mgbayes.battery.run import battery
from mgbayes.battery.subset import Subset

__all__ = ["Battery", "BatteryRow", "ClaimCheck", "Subset", "battery", "compare_with_claims"]
