"""Comparison of a paper with patient data: every published claim, and the frequentist tests."""

from mgbayes.patient_comparison.check import check_patients
from mgbayes.patient_comparison.result import PatientComparison

__all__ = ["PatientComparison", "check_patients"]
