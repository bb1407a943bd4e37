"""Views of ``exams``, one file per page family."""
