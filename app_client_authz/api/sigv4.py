"""Signed requests: the Authorization header taken apart, and what was signed put together (SIG-2 to SIG-5).

Pure: whether the signature is right is decided by who holds the secret, ``services/access_keys.py``.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from app_client_authz.api.errors import IncompleteSignature, InvalidSignature

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "cognito-idp"
MAX_SKEW_SECONDS = 300

_PARTS = ("Credential", "Signature", "SignedHeaders")
_DATE = "%Y%m%dT%H%M%SZ"
_AMZ_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BLANKS = re.compile(r"[ \t]+")
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request says of its signature; the scope is checked already."""

    key_id: str
    date: str
    region: str
    headers: tuple[str, ...]
    signature: str
    amz_date: str


@dataclass(frozen=True, slots=True)
class Request:
    """What may be signed of a request, but for its place: the query as sent, header names in lower case.

    Texts are WSGI's: a character for each octet.
    """

    method: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def mismatch() -> InvalidSignature:
    """The refusal of a signature that is not the one we calculate."""
    return InvalidSignature(_MISMATCH)


def signed(request: Request, *, region: str, now: float) -> Signed:
    """What the Authorization header says, and everything checked that needs no secret.

    Raises:
        IncompleteSignature: parts are missing; the message names them as Cognito does.
        InvalidSignature: another scope, a clock that is off by more than five minutes, a header that has to
            be signed and is not, or a signature that is no 64 hexadecimal digits.
    """
    value, amz_date = request.headers.get("authorization", ""), request.headers.get("x-amz-date", "")
    parts = _parts(value)
    credential = parts.get("Credential", "").split("/")
    missing = [f"Authorization header requires '{name}' parameter." for name in _PARTS if not parts.get(name)]
    if not amz_date and not request.headers.get("date"):
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if not missing and len(credential) != 5:
        missing.append("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")
    if missing:
        digest = base64.b64encode(hashlib.sha256(_octets(value)).digest()).decode("ascii")
        missing.append(f"(Hashed with SHA-256 and encoded with Base64) Authorization={digest}")
        raise IncompleteSignature(" ".join(missing))
    key_id, date, its_region, service, terminator = credential
    _check_scope(its_region, service, terminator, region)
    _check_date(date, amz_date, now)
    names = tuple(parts["SignedHeaders"].split(";"))
    _check_headers(names, request.headers)
    if not _HEX.fullmatch(parts["Signature"]):
        raise mismatch()
    return Signed(key_id, date, region, names, parts["Signature"], amz_date)


def string_to_sign(found: Signed, request: Request, *, host: str, path: str) -> str:
    """What the caller must have signed, if ``host`` and ``path`` (decoded) are where it was sent to."""
    headers = {**request.headers, "host": host}
    canonical = "\n".join(
        (
            request.method,
            # Octets that a URL encodes are encoded once more in what is signed.
            quote(quote(_octets(path), safe="/~"), safe="/~"),
            _canonical_query(request.query),
            "".join(f"{name}:{_BLANKS.sub(' ', headers[name]).strip(' ')}\n" for name in found.headers),
            ";".join(found.headers),
            # Of the body that came, whatever X-Amz-Content-Sha256 says of it.
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    digest = hashlib.sha256(_octets(canonical)).hexdigest()
    return f"{ALGORITHM}\n{found.amz_date}\n{found.date}/{found.region}/{SERVICE}/aws4_request\n{digest}"


def _parts(authorization: str) -> dict[str, str]:
    """The parts of the header by name; none of a header that says one twice, or of another algorithm."""
    algorithm, _, rest = authorization.partition(" ")
    pairs = [part.strip().partition("=")[::2] for part in rest.split(",")]
    parts = dict(pairs)
    return parts if algorithm == ALGORITHM and len(parts) == len(pairs) else {}


def _check_scope(region: str, service: str, terminator: str, ours: str) -> None:
    if region != ours:
        raise InvalidSignature("Credential should be scoped to a valid region. ")
    if service != SERVICE:
        raise InvalidSignature(f"Credential should be scoped to correct service: '{SERVICE}'.")
    if terminator != "aws4_request":
        raise InvalidSignature("Credential should be scoped with a valid terminator: 'aws4_request'.")


def _check_date(date: str, amz_date: str, now: float) -> None:
    # A Date header alone would do for AWS, but no SDK sends it, and SIG-2 wants this one signed.
    if not _AMZ_DATE.fullmatch(amz_date):
        raise mismatch()
    try:
        at = datetime.strptime(amz_date, _DATE).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise mismatch() from None
    if date != amz_date[:8]:
        raise InvalidSignature(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{date[:16]}' != '{amz_date[:8]}', from '{amz_date}'."
        )
    if at < now - MAX_SKEW_SECONDS:
        limit = _written(now - MAX_SKEW_SECONDS)
        raise InvalidSignature(f"Signature expired: {amz_date} is now earlier than {limit} ({_written(now)} - 5 min.)")
    if at > now + MAX_SKEW_SECONDS:
        limit = _written(now + MAX_SKEW_SECONDS)
        raise InvalidSignature(
            f"Signature not yet current: {amz_date} is still later than {limit} ({_written(now)} + 5 min.)"
        )


def _check_headers(names: tuple[str, ...], headers: Mapping[str, str]) -> None:
    needed = {"host", *(name for name in headers if name.startswith("x-amz-"))}
    if not needed <= set(names) <= headers.keys():
        raise mismatch()


def _octets(text: str) -> bytes:
    # Servers hand on nothing else; what a caller in the same process makes up is no failure of ours.
    return text.encode("latin-1", "backslashreplace")


def _written(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime(_DATE)


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
