"""Values that patients have and papers do not print, constrained to what papers print of them."""
