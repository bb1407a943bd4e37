"""Shapes of the bureau's console; standard library only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegionFigures:
    """Cohorts of one region by state, and its learners; a county's row or the sum over all of them."""

    code: str
    name: str
    waiting: int = 0
    running: int = 0
    closed: int = 0
    cohorts: int = 0
    learners: int = 0


@dataclass(frozen=True, slots=True)
class StageStanding:
    """How many learners of a cohort are through a stage: hours done, assessment passed."""

    number: int
    title: str
    hours_done: int
    passed: int
