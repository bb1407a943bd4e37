"""What every test finds in the database: regions, occupations, rules, and the usual organisations with one programme.

``tests/support/ground.py`` lays it once a run and copies it for each worker. Factories look things up before they make
them (``make_rules``, ``make_bureau``, ``make_operator``, ``usual_provider``, ``usual_programme``), so they also work
where a test emptied the tables. A test that speaks of everything there is starts on ``bare_ground`` instead.
"""

import itertools

from tests.factories import identity
from tests.factories.catalogue import make_occupations
from tests.factories.identity import make_bureau, make_operator, make_regions, make_rules
from tests.factories.training import usual_programme


def lay_ground() -> None:
    others, identity.NAMES = identity.NAMES, itertools.count()
    make_regions("3715")
    make_occupations()
    make_rules()
    make_operator()
    make_bureau()
    usual_programme()
    identity.NAMES = others
