"""``python -m tests.calibration``: calibration given reported p values and on imputations.

Makes the evidence of the cases of ``wrapped.py`` that are named, or of all, and prints the verdicts.
"""

import sys

from tests.calibration.wrapped import CASES, calibrate

for name in sys.argv[1:] or CASES:
    sys.stdout.write(f"{name}: {calibrate(name).verdict()}\n")
    sys.stdout.flush()
