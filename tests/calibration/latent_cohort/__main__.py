"""`python -m tests.calibration.latent_cohort [replicates] [jobs]`: make what is missing, and say what all show."""

import sys

from tests.calibration.latent_cohort.evidence import REPLICATES, calibrate, coverage, result

asked = [int(word) for word in sys.argv[1:]]
replicates, jobs = [*asked, *(REPLICATES, 1)[len(asked) :]]
calibrate(replicates, jobs)
found = result()
print(found.verdict())
for name, p in found.chi_square_p().items():
    print(f"{name}: p of uniform ranks {p:.2g} and {found.ecdf_p()[name]:.2g}")
for name, probability, held, n in coverage():
    print(f"{name}: {held} of {n} {probability:.0%} intervals hold the truth")
