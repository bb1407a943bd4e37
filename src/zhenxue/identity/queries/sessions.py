"""Django's own sessions, which keep the key of a sign-in."""

from django.contrib.sessions.models import Session

from zhenxue.kernel.prepared import Prepared

#: The session of a key while it lasts, at most one; every page asks for one.
lasting_sessions = Prepared(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))
