"""Formula text, in LaTeX or plain notation, read into a tree: `read_formula`."""
