"""Formulas of Values as a person writes them, and the chain rule written out: `derive`."""
