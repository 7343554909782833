"""The chain rule over labelled nodes, written out in symbols and numbers."""

from autograd.derivation.names import Names, formula

__all__ = ["Names", "formula"]
