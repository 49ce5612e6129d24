"""Sealed values that are longer than one seal holds: sealed in pieces, none of which opens anywhere else."""

from app_client_authz.crypto.sealing import MAX_CLEAR_BYTES, Sealer

_BETWEEN = " "


def seal(sealer: Sealer, clear: str, *, row: str) -> str:
    """The sealed form of a text of any length, to be kept in ``row`` and nowhere else.

    Raises:
        SealError: the row's identity is too long.
    """
    octets = clear.encode()
    pieces = [octets[start : start + MAX_CLEAR_BYTES] for start in range(0, len(octets), MAX_CLEAR_BYTES)] or [b""]
    return _BETWEEN.join(
        sealer.seal(piece, row=_piece(row, number, len(pieces))) for number, piece in enumerate(pieces)
    )


def open_(sealer: Sealer, sealed: str, *, row: str) -> str:
    """The clear text.

    Raises:
        SealError: sealed under a key that we do not have, for another row, or changed, reordered or cut since.
    """
    pieces = sealed.split(_BETWEEN)
    return b"".join(
        sealer.open(piece, row=_piece(row, number, len(pieces))) for number, piece in enumerate(pieces)
    ).decode()


def anew(sealer: Sealer, sealed: str, *, row: str) -> str | None:
    """The value under the first sealing key; None if it is under that one already.

    Raises:
        SealError: see ``open_``.
    """
    if not any(sealer.needs_reseal(piece) for piece in sealed.split(_BETWEEN)):
        return None
    return seal(sealer, open_(sealer, sealed, row=row), row=row)


def _piece(row: str, number: int, count: int) -> str:
    return f"{row}/{number + 1} of {count}"
