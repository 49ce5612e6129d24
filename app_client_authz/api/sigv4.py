"""Signed requests: the Authorization header taken apart, and what was signed put together (SIG-2 to SIG-5).

Pure: whether the signature is right is decided by who holds the secret, ``services/access_keys.py``.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from app_client_authz.api.errors import IncompleteSignature, InvalidSignature

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "cognito-idp"
MAX_SKEW_SECONDS = 300

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
    """What a request says of its signature."""

    key_id: str
    date: str
    region: str
    service: str
    terminator: str
    headers: tuple[str, ...]
    signature: str
    amz_date: str

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


@dataclass(frozen=True, slots=True)
class Request:
    """What may be signed of a request; header names are lower case, the path is as it was sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def mismatch() -> InvalidSignature:
    """The refusal of a signature that is not the one we calculate."""
    return InvalidSignature(_MISMATCH)


def parse(headers: Mapping[str, str]) -> Signed:
    """The parts of the Authorization header.

    Raises:
        IncompleteSignature: parts are missing; the message names them as Cognito does.
        InvalidSignature: another algorithm, or a signature that is no 64 hexadecimal digits.
    """
    value = headers.get("authorization", "")
    algorithm, _, rest = value.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(",")) if algorithm == ALGORITHM else {}
    amz_date = headers.get("x-amz-date", "")
    credential = parts.get("Credential", "").split("/")
    wrong = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    if not amz_date and not headers.get("date"):
        wrong.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if wrong or len(credential) != 5:
        if not wrong:
            wrong.append(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
            )
        digest = base64.b64encode(hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()).decode("ascii")
        wrong.append(f"(Hashed with SHA-256 and encoded with Base64) Authorization={digest}")
        raise IncompleteSignature(" ".join(wrong))
    if not _AMZ_DATE.fullmatch(amz_date) or not _HEX.fullmatch(parts["Signature"]):
        raise mismatch()
    signed_headers = tuple(parts["SignedHeaders"].split(";"))
    key_id, date, region, service, terminator = credential
    return Signed(key_id, date, region, service, terminator, signed_headers, parts["Signature"], amz_date)


def check(signed: Signed, request: Request, *, region: str, now: float) -> None:
    """Everything that needs no secret.

    Raises:
        InvalidSignature: another scope, a clock that is off by more than five minutes, or a header that has to
            be signed and is not.
    """
    if signed.region != region:
        raise InvalidSignature(f"Credential should be scoped to a valid region, not '{signed.region[:64]}'. ")
    if signed.service != SERVICE:
        raise InvalidSignature(f"Credential should be scoped to correct service: '{SERVICE}'. ")
    if signed.terminator != "aws4_request":
        raise InvalidSignature("Credential should be scoped with a valid terminator: 'aws4_request'. ")
    _check_date(signed, now)
    missing = [name for name in signed.headers if name not in request.headers]
    unsigned = [name for name in request.headers if _must_be_signed(name) and name not in signed.headers]
    if missing or unsigned or len(set(signed.headers)) < len(signed.headers):
        raise mismatch()


def string_to_sign(signed: Signed, request: Request, host: str) -> str:
    """What the caller must have signed, if ``host`` is the host that was called."""
    headers = {**request.headers, "host": host}
    canonical = "\n".join(
        (
            request.method,
            request.path,
            _canonical_query(request.query),
            "".join(f"{name}:{_BLANKS.sub(' ', headers[name].strip())}\n" for name in signed.headers),
            ";".join(signed.headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{ALGORITHM}\n{signed.amz_date}\n{signed.scope}\n{digest}"


def _check_date(signed: Signed, now: float) -> None:
    try:
        at = datetime.strptime(signed.amz_date, _DATE).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise mismatch() from None
    if signed.date != signed.amz_date[:8]:
        raise InvalidSignature(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signed.date[:16]}' != '{signed.amz_date[:8]}', from '{signed.amz_date}'."
        )
    here = datetime.fromtimestamp(now, UTC).strftime(_DATE)
    if at < now - MAX_SKEW_SECONDS:
        limit = datetime.fromtimestamp(now - MAX_SKEW_SECONDS, UTC).strftime(_DATE)
        raise InvalidSignature(f"Signature expired: {signed.amz_date} is now earlier than {limit} ({here} - 5 min.)")
    if at > now + MAX_SKEW_SECONDS:
        limit = datetime.fromtimestamp(now + MAX_SKEW_SECONDS, UTC).strftime(_DATE)
        raise InvalidSignature(
            f"Signature not yet current: {signed.amz_date} is still later than {limit} ({here} + 5 min.)"
        )


def _must_be_signed(name: str) -> bool:
    return name == "host" or name.startswith("x-amz-")


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
