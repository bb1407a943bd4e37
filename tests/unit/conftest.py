"""Properties are tried as often as Hypothesis thinks right, however slow the machine is meanwhile."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
