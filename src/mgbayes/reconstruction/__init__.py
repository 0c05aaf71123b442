"""From summaries or curves back to patients."""
