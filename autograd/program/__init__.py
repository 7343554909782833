"""Record once, compile, run many rows: programs made of graphs."""

from autograd.program.functions import jit
from autograd.program.program import Program, compile
from autograd.program.replay import added_in_order

__all__ = ["Program", "added_in_order", "compile", "jit"]
