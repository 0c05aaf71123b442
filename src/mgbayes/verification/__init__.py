"""Printed numbers re-computed: tests, rounding, digit checks, verdicts."""

from mgbayes.verification.ledger import verify
from mgbayes.verification.result import Ledger, Verdict

__all__ = ["Ledger", "Verdict", "verify"]
