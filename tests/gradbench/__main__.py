"""The process that GradBench talks to: one JSON message a line, and an answer to each."""

from __future__ import annotations

import sys

from tests.gradbench.protocol import converse

if __name__ == "__main__":
    converse(sys.stdin, sys.stdout)
