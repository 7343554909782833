"""The chain rule over labelled nodes, written out in symbols and numbers."""

from autograd.derivation.names import Names

__all__ = ["Names"]
