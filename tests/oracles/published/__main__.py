"""``python -m tests.oracles.published`` prints the table of published posteriors."""

import sys

from tests.oracles.published.run import main

sys.exit(main())
