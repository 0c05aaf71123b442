"""The models of times of the embedded study, as its plans ask for them."""

from mgbayes.models.hazards import hazard_of

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.study.load import load_study

STUDY = load_study()
remission = MODELS["cure"].of(STUDY, load_plan("remission"))
relapse = MODELS["proportional_hazards"].of(STUDY, load_plan("relapse"))
HAZARDS = {name: hazard_of(name, relapse.outcome) for name in MODELS["proportional_hazards"].parameters}
FAMILIES_OF = {model: tuple(MODELS[model].parameters) for model in ("cure", "proportional_hazards")}
