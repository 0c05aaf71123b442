"""The command line: a thin shell over the public functions of the same names.

Results go to standard output, everything else to standard error. Exit codes: 0 done; 1 done, with a fit
that failed its diagnostics, a model that is not calibrated or an installation that does not qualify; 2 the input is
not usable; 70 an unexpected error; 130 interrupted.
"""

from __future__ import annotations

import signal
import sys
import traceback
import warnings
from typing import Annotated

import typer

from mgbayes import __version__
from mgbayes.cache import libraries_keep_here
from mgbayes.cli.begin import init, schema
from mgbayes.cli.calibrate import calibrate
from mgbayes.cli.cohort import cohort
from mgbayes.cli.compare import compare
from mgbayes.cli.manuscript import manuscript
from mgbayes.cli.plan import plan
from mgbayes.cli.qualify import qualify
from mgbayes.cli.reanalyze import reanalyze
from mgbayes.cli.reconstruct import reconstruct
from mgbayes.cli.sensitivity import sensitivity
from mgbayes.cli.simulate import simulate
from mgbayes.cli.verify import verify
from mgbayes.errors import EXIT_INTERRUPTED, EXIT_UNEXPECTED, MgbayesError

app = typer.Typer(
    help="A Bayesian re-analysis of small two-arm cohort papers, from their published summaries alone.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for _command in (
    verify,
    plan,
    reanalyze,
    manuscript,
    sensitivity,
    compare,
    cohort,
    calibrate,
    reconstruct,
    simulate,
    qualify,
    schema,
    init,
):
    app.command()(_command)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"mgbayes {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; a user's mistake ends with a message and exit code 2, never a traceback."""
    # Asked to end, it ends as on Ctrl-C: worker processes end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    libraries_keep_here()
    # A worker process that has grown large is replaced by joblib; its tasks lose nothing by it.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs", category=UserWarning)
    try:
        app()
    except MgbayesError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(error.exit_code) from None
    except SystemExit as stop:
        if stop.code == EXIT_INTERRUPTED:
            sys.stderr.write(
                "Interrupted. Finished fits are in the cache; run the command again to continue.\n"
            )
        raise
    except Exception:
        traceback.print_exc()
        sys.stderr.write(
            "This is a fault of mgbayes, not of the input: please report it with the lines above.\n"
        )
        raise SystemExit(EXIT_UNEXPECTED) from None
