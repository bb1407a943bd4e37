"""What ``training`` announces. Signals are sent inside the transaction of the change: a receiver that raises undoes it.

``attendance_recorded``
    ``attendance_id, enrolment_id, person_id, line_id, cohort_id``, ``title`` of the lesson, ``state``
    (``AttendanceState``), ``seconds`` that now count for the lesson, ``previous_seconds`` that counted before (0 at the
    first entry), ``began_at`` and ``ended_at`` of the lesson, ``is_correction``, ``now``.
``cohort_approved``, ``cohort_started``, ``cohort_closed``
    ``cohort_id, now``; ``cohort_approved`` also ``starts_on``.
``enrolment_left``
    ``enrolment_id, cohort_id, now``.
"""

from django.dispatch import Signal

attendance_recorded = Signal()
cohort_approved = Signal()
cohort_started = Signal()
cohort_closed = Signal()
enrolment_left = Signal()
