"""``python -m mgbayes.cli``."""

from mgbayes.cli import main

main()
