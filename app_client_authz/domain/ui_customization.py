"""How the classic sign-in pages of a pool or of one client are to look: stored and shown to its owner."""

from dataclasses import dataclass, field

from app_client_authz.domain import branding_css
from app_client_authz.domain.errors import InvalidParameter

ALL = "ALL"
"""Stands for all clients of the pool that have no customization of their own."""

MAX_IMAGE_BYTES = 131_072
_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class UiCustomization:
    """Style sheet and logo of the pool (``applies_to`` is ALL) or of one client."""

    pool_id: str
    applies_to: str
    css: str | None
    image: bytes | None = field(repr=False)
    created_at: float
    updated_at: float

    @classmethod
    def create(
        cls, *, pool_id: str, applies_to: str, css: str | None, image: bytes | None, now: float
    ) -> "UiCustomization":
        """A customization (SetUICustomization): both members are set at once.

        Raises:
            InvalidParameter: the style sheet says more than it may, or the image is neither PNG nor JPEG.
        """
        if css:
            branding_css.check(css)
        made = cls(pool_id, applies_to, css or None, image or None, now, now)
        if made.image is not None and (made.image_type is None or len(made.image) > MAX_IMAGE_BYTES):
            raise InvalidParameter(f"ImageFile must be a PNG or JPEG image of at most {MAX_IMAGE_BYTES} bytes.")
        return made

    @property
    def empty(self) -> bool:
        """True if it says nothing: then there is none, and the pool's counts again."""
        return self.css is None and self.image is None

    @property
    def client_id(self) -> str | None:
        """The client that it belongs to; None for the pool's own."""
        return None if self.applies_to == ALL else self.applies_to

    @property
    def image_type(self) -> str | None:
        """The media type of the image; None without one, or if it is of no known kind."""
        image = self.image or b""
        return next((kind for magic, kind in _MAGIC.items() if image.startswith(magic)), None)
