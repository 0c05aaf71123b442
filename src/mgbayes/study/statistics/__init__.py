"""Published statistics: a closed set of kinds, each a class that knows its rounding and its value in a sample."""

from mgbayes.study.statistics.counts import Categories, Count, Percent, Size
from mgbayes.study.statistics.means import Mean, MeanAndSpread, MeanCI, MeanSD, MeanSE
from mgbayes.study.statistics.p_value import ReportedP
from mgbayes.study.statistics.quantile_definition import QuantileDefinition
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.ratios import Effect, Measure
from mgbayes.study.statistics.statistic import Fault, Number, PublishedStatistic, Support
from mgbayes.study.statistics.survival import AtRisk, Followed, MedianSurvival, SurvivalAt

__all__ = [
    "AtRisk",
    "Categories",
    "Count",
    "Effect",
    "Fault",
    "Followed",
    "Mean",
    "MeanAndSpread",
    "MeanCI",
    "MeanSD",
    "MeanSE",
    "Measure",
    "MedianSurvival",
    "Number",
    "Percent",
    "PublishedStatistic",
    "QuantileDefinition",
    "Quantiles",
    "ReportedP",
    "Size",
    "Support",
    "SurvivalAt",
]
