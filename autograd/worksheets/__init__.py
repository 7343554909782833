"""A page of definitions and claims, marked line by line: `grade`."""
