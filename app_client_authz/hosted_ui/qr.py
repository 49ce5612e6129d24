"""A QR code as part of a page: an image that needs no other request, no script and no style of its own (HDR-2)."""

from markupsafe import Markup


def svg(text: str) -> Markup:
    """An SVG element, black on white in light and dark alike: cameras read no other."""
    # Here and not above: most sign-ins show none.
    import segno

    code = segno.make(text, error="m", micro=False)
    # Its own markup, of squares alone: nothing of the text stands in it.
    # Without a size of its own it takes the page's.
    return Markup(code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None))  # noqa: S704
