"""Claims judged, slips named, pages marked line by line."""

from autograd.marking.checks import Verdict, check_formula, check_number
from autograd.marking.frontmatter import PageError
from autograd.marking.grading import grade
from autograd.marking.judge import Counterexample, Judge
from autograd.marking.kinds import Slip, SlipKind
from autograd.marking.report import Entry, Report

__all__ = [
    "Counterexample",
    "Entry",
    "Judge",
    "PageError",
    "Report",
    "Slip",
    "SlipKind",
    "Verdict",
    "check_formula",
    "check_number",
    "grade",
]
