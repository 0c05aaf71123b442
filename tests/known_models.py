"""The models of times of the embedded study, and the priors of its plans."""

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.models.proportional_hazards import hazard_of
from mgbayes.study.load import load_study

STUDY = load_study()
remission = MODELS["cure"].of(STUDY, load_plan("remission"))
relapse = MODELS["proportional_hazards"].of(STUDY, load_plan("relapse"))
HAZARDS = {name: hazard_of(name, relapse.outcome) for name in MODELS["proportional_hazards"].parameters}
FAMILIES_OF = {model: tuple(MODELS[model].parameters) for model in ("cure", "proportional_hazards")}


def priors_of(plan: str) -> dict[str, Prior]:
    """Every prior of a shipped plan, of whichever family."""
    return {name: choice.prior for name, choice in load_plan(plan).priors.items()}


def priors_text(priors: dict[str, Prior]) -> str:
    """Priors as they stand in a plan file."""
    return "".join(
        f'\n[priors.{name}]\nform = "{prior.form}"\nvalues = {list(prior.values)}\nwhy = "a test"\n'
        for name, prior in priors.items()
    )
