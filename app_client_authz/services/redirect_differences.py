"""Where a redirect_uri and a registered callback URL part, in words and with a finger on the place."""

from collections.abc import Collection, Iterator
from difflib import SequenceMatcher
from urllib.parse import unquote, urlsplit

from app_client_authz.domain.shapes import plain

_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}


def nearest(sent: str, registered: Collection[str]) -> str:
    """The registered URL that was probably meant: with the fewest differences, then with the most in common."""
    return min(registered, key=lambda url: (len(differences(sent, url)), -SequenceMatcher(a=sent, b=url).ratio()))


def differences(sent: str, registered: str) -> list[str]:
    """What differs, part by part; what is sent is named first. Empty where nothing does."""
    if sent == registered:
        return []
    if sent.strip() == registered:
        return ["blanks around the URL"]
    if unquote(sent) == registered and "://" not in sent:
        return ["it arrives URL-encoded twice"]
    found = list(_of_parts(sent, registered))
    return found or [f"character {first_difference(sent, registered) + 1}"]


def first_difference(sent: str, registered: str) -> int:
    """The index of the first character that differs."""
    pairs = zip(sent, registered, strict=False)
    common = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
    return min(len(sent), len(registered)) if common is None else common


def pointer(sent: str, registered: str) -> tuple[str, str, str]:
    """Both URLs below one another, and a mark below the first character that differs."""
    at = len(plain(sent[: first_difference(sent, registered)]))
    return f"sent        {plain(sent)}", f"registered  {plain(registered)}", f"            {' ' * at}^"


def _of_parts(sent: str, registered: str) -> Iterator[str]:
    try:
        ours, theirs = urlsplit(registered), urlsplit(sent)
        hosts = _host(theirs.netloc), _host(ours.netloc)
    except ValueError:
        yield "the URL is malformed"
        return
    if theirs.scheme != ours.scheme:
        yield f"the scheme: {_shown(theirs.scheme)} instead of {ours.scheme}"
    (host, port), (our_host, our_port) = hosts
    if host != our_host:
        if host.lower() == our_host.lower():
            yield f"the case of the host: {plain(host)} instead of {our_host}"
        elif {host, our_host} <= _LOOPBACK:
            yield f"the host: {host} instead of {our_host}, which are two names to a browser"
        else:
            yield f"the host: {_shown(host)} instead of {_shown(our_host)}"
    if port != our_port:
        yield f"the port: {_shown(port)} instead of {_shown(our_port)}"
    if theirs.path != ours.path:
        yield from _of_paths(theirs.path, ours.path)
    if theirs.query != ours.query:
        yield f"the query: {_shown(theirs.query)} instead of {_shown(ours.query)}"
    if theirs.fragment:
        yield "a fragment: #" + plain(theirs.fragment)


def _of_paths(path: str, our_path: str) -> Iterator[str]:
    bare, our_bare = path.rstrip("/"), our_path.rstrip("/")
    if bare != our_bare and bare.lower() != our_bare.lower():
        encoded = unquote(bare) == unquote(our_bare)
        yield (
            "the percent-encoding of the path" if encoded else f"the path: {_shown(path)} instead of {_shown(our_path)}"
        )
        return
    if bare != our_bare:
        yield "the case of the path"
    if len(path) - len(bare) != len(our_path) - len(our_bare):
        missing = len(path) - len(bare) < len(our_path) - len(our_bare)
        yield "the slash at the end is missing" if missing else "a slash at the end that is not registered"


def _host(authority: str) -> tuple[str, str]:
    """Host as it is written, and port."""
    host, colon, port = authority.rpartition(":")
    return (host, port) if colon and not port.endswith("]") else (authority, "")


def _shown(text: str) -> str:
    return plain(text) if text else "none"
