"""``python -m zhenxue.sandbox``: the sandbox alone; needs the standard library only."""

import sys

from zhenxue.sandbox.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
