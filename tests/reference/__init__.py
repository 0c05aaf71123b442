"""The project's reference posteriors, by two samplers, in posteriordb's format: ``posterior_database/``."""
