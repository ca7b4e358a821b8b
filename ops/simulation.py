"""Live through simulated days and judge them: `python ops/simulation.py --help`.

The parts are in ops/sim/. The program starts itself anew with PYTHONHASHSEED=0: sets of texts have
an order that depends on it, and one seed must give one trace everywhere.
"""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        here = [sys.executable, *sys.argv]
        os.execve(sys.executable, here, {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from ops.sim.simulate import main

    sys.exit(main(sys.argv[1:]))
