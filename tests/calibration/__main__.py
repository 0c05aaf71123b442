"""``python -m tests.calibration``: calibration of what stands on more than a plan's summaries or patients.

Makes the evidence of the cases of ``more.py`` that are named, or of all, and prints the verdicts.
"""

import sys

from tests.calibration.more import CASES, calibrate

for name in sys.argv[1:] or CASES:
    sys.stdout.write(f"{name}: {calibrate(name).verdict()}\n")
    sys.stdout.flush()
