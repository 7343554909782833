"""A graph as a page to be explored: stepped through, changed, trained, one file or a notebook's."""

from viz.explorer.notebook import widget
from viz.explorer.notes import root_of
from viz.explorer.page import explore

__all__ = ["explore", "root_of", "widget"]
