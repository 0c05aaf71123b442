"""Evidence synthesis: other published cohorts, pooled, as a prior of a study's contrast."""
