"""A browser that signs in at the real pages: it follows redirects and fills in the form that it is shown."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

MOST_STEPS: Final = 10


class SignIn:
    """``base`` is the outside URL of the prefix under which the app has the pages."""

    def __init__(self, browser: FlaskClient, base: str, prefix: str) -> None:
        self._browser = browser
        outside = urlsplit(base)
        self._origin = f"{outside.scheme}://{outside.netloc}"
        self._outside_path = outside.path
        self._prefix = prefix

    def code(self, params: Mapping[str, str], username: str, password: str) -> str:
        """The code for which the pages send the browser back to the application.

        Raises:
            AssertionError: they do not.
        """
        answer = self._get(f"{self._prefix}/oauth2/authorize?{urlencode(params)}")
        filled_in = False
        for _ in range(MOST_STEPS):
            location = answer.headers.get("Location", "")
            if location.startswith(params["redirect_uri"]):
                return _code_in(location)
            if location:
                answer = self._get(self._inside(location))
                continue
            form = _SignInForm.on(answer)
            # A second time the form is shown with what was wrong.
            if form is None or filled_in:
                break
            filled_in = True
            fields = {**form.fields, form.name_field: username, form.password_field: password}
            answer = self._browser.post(self._inside(form.action), data=fields, base_url=self._origin)
        raise AssertionError(f"no sign-in: {_text_of(answer)}")

    def redeem(self, code: str, redirect_uri: str, verifier: str, client_id: str, secret: str | None) -> dict[str, Any]:
        """The token response.

        Raises:
            AssertionError: the code gives no tokens.
        """
        body = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        if secret is not None:
            body["client_secret"] = secret
        answer = self._browser.post(f"{self._prefix}/oauth2/token", data=body, base_url=self._origin)
        if answer.status_code != 200:
            raise AssertionError(f"no tokens: {answer.get_data(as_text=True)}")
        said: dict[str, Any] = answer.get_json()
        return said

    def _get(self, path: str) -> TestResponse:
        return self._browser.get(path, base_url=self._origin)

    def _inside(self, location: str) -> str:
        """The same page as the app knows it: a proxy may have it elsewhere."""
        parts = urlsplit(location)
        path = self._prefix + parts.path.removeprefix(self._outside_path)
        return f"{path}?{parts.query}" if parts.query else path


class _SignInForm(HTMLParser):
    """The first form that asks for a name and a password."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.name_field = ""
        self.password_field = ""
        self._done = False

    @classmethod
    def on(cls, answer: TestResponse) -> "_SignInForm | None":
        form = cls()
        form.feed(answer.get_data(as_text=True))
        return form if form.name_field and form.password_field else None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if self._done:
            return
        if tag == "form":
            self.action, self.fields, self.name_field = found.get("action", ""), {}, ""
        elif tag == "input" and "name" in found:
            kind = found.get("type", "text")
            if kind == "password":
                self.password_field = found["name"]
            elif kind in {"text", "email", "tel"}:
                self.name_field = found["name"]
            elif kind == "hidden":
                self.fields[found["name"]] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._done = self._done or (tag == "form" and bool(self.password_field))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def _text_of(answer: TestResponse) -> str:
    page = _Text()
    page.feed(answer.get_data(as_text=True))
    return f"{answer.status} {' '.join(page.words)}"


def _code_in(location: str) -> str:
    said = parse_qs(urlsplit(location).query)
    if "code" not in said:
        raise AssertionError(f"no code: {urlsplit(location).query}")
    return said["code"][0]
