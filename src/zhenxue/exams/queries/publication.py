"""When results are out. Until then nobody but the staff of the exam reads a score, a mark or whether it was passed."""

from django.db.models import Q

#: Of attempts: their results are out (``Exam.is_out``).
OUT = Q(exam__publish_at__isnull=True) | Q(exam__published_at__isnull=False)
