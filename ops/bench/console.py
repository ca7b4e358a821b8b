"""From a press to the painted row, with many consoles: `python ops/bench/console.py --help`.

The parts are in ops/console/.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from ops.console.bench import main

    sys.exit(main(sys.argv[1:]))
