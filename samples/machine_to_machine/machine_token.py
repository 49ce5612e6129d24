"""An access token for a machine: fetched once, used until it is about to expire, then fetched anew."""

from threading import Lock

from authlib.integrations.requests_client import OAuth2Session

SECONDS = 5


class MachineToken:
    """The token of one client, for all threads of a process."""

    def __init__(self, token_url: str, client_id: str, secret: str, scope: str, *, leeway_seconds: int = 60) -> None:
        """A token counts as expired so many seconds early, so that it does not expire on its way."""
        self._session = OAuth2Session(client_id, secret, scope=scope, default_timeout=SECONDS)
        self._token_url = token_url
        self._leeway_seconds = leeway_seconds
        self._lock = Lock()  # else every thread would fetch one when the old one expires

    def text(self) -> str:
        """What follows ``Bearer``.

        Raises:
            authlib.integrations.base_client.OAuthError: the server refuses this client.
            requests.RequestException: it does not answer.
        """
        with self._lock:
            token = self._session.token
            if not token or token.is_expired(leeway=self._leeway_seconds):
                token = self._session.fetch_token(self._token_url, grant_type="client_credentials")
            return str(token["access_token"])
