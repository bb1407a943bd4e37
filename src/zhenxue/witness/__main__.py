"""``python -m zhenxue.witness``: the bureau's program alone; needs ``zhenxue.tlog``, cryptography and uvicorn only."""

import sys

from zhenxue.witness.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
