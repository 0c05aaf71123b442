"""``python -m mgbayes``."""

from mgbayes.cli import main

main()
