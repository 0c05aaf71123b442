"""Plans: proposed from what a study prints, written as commented files, and held against the study they meet."""
