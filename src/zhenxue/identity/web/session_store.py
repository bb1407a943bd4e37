"""Django's sessions in the database, read with a prepared query."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from zhenxue.identity.queries.sessions import is_session_key, lasting_sessions
from zhenxue.kernel import clock


class SessionStore(db.SessionStore):
    """As Django's own; the look-up is prepared, and what is no key is not looked up."""

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and is_session_key(key)

    def _get_session_from_db(self) -> Session | None:
        found = lasting_sessions(self.session_key, clock.now())
        if found:
            return found[0]
        self._session_key = None
        return None
