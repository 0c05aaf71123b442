"""Plans: proposed from what a study reports, written as commented files, and checked against a study."""
