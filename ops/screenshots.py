"""Photograph every page and state of the console: `python ops/screenshots.py --help`.

The parts are in ops/console/.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from ops.console.pictures import main

    sys.exit(main(sys.argv[1:]))
