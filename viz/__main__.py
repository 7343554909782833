"""`python -m viz` is `chalkgrad`, for where the command itself is not on the path."""

import sys

from viz.command import main

if __name__ == "__main__":
    sys.exit(main())
