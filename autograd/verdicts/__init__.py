"""Claims held against the truth, and slips called by their names: `check_formula`."""
