"""``python -m tests.reference`` makes the reference posteriors, or compares with them."""

import sys

from tests.reference.run import main

sys.exit(main(sys.argv[1:]))
