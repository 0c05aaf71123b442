"""What an answer hangs on: other cohorts, other outcomes, other assumptions."""
