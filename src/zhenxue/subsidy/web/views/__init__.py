"""Views of ``subsidy``, one file per page family."""
