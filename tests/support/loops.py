"""Coroutines in tests that may share a worker with browser tests, whose loop stays behind in the main thread."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_apart[T](work: Coroutine[Any, Any, T]) -> T:
    """Runs the coroutine to its end on a loop of its own, in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
