"""Django's sessions in the database, read with a prepared query."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from zhenxue.identity.queries.sessions import lasting_sessions
from zhenxue.kernel import clock


class SessionStore(db.SessionStore):
    """As Django's own; only the look-up is prepared."""

    def _get_session_from_db(self) -> Session | None:
        found = lasting_sessions(self.session_key, clock.now())
        if found:
            return found[0]
        self._session_key = None
        return None
