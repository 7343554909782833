"""Record once, compile, run many rows: programs made of graphs."""

from autograd.program.functions import jit, record
from autograd.program.native import native_available
from autograd.program.program import Program, compile
from autograd.program.replay import added_in_order
from autograd.program.scan import Scan

__all__ = ["Program", "Scan", "added_in_order", "compile", "jit", "native_available", "record"]
