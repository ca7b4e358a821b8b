"""How many small faults the tests of alerts/ notice: `python ops/mutation.py --help`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from ops.mutation_run import main

    sys.exit(main(sys.argv[1:]))
