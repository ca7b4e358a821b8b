"""Break the wire between a console and its gateway: `python ops/console_torture.py --help`.

The parts are in ops/console/.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from ops.console.torture import main

    sys.exit(main(sys.argv[1:]))
