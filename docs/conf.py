"""How Sphinx builds these pages (``make docs``). They are Markdown that a forge shows as well: links are relative."""

from importlib.metadata import version as version_of
from os.path import relpath
from pathlib import Path

from sphinx.addnodes import download_reference, pending_xref
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

project = "app_client_authz"
author = "app_client_authz contributors"
version = release = version_of("app-client-authz")
extensions = ["myst_parser"]

myst_heading_anchors = 4  # links to headings, by the names that forges give them

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False


class OutsideDocuments(SphinxTransform):
    """Links to Markdown files outside of this folder: they are no pages here, so the site carries the files."""

    default_priority = 5

    def apply(self, **_: object) -> None:
        for link in list(self.document.findall(pending_xref)):
            outside = Path(self.app.srcdir, f"{link['reftarget']}.md")
            if link.get("refdomain") == "doc" and not outside.is_relative_to(self.app.srcdir):
                there = relpath(outside, Path(self.env.doc2path(self.env.docname)).parent)
                link.replace_self(download_reference("", "", *link.children, reftarget=there, refdoc=link["refdoc"]))


def setup(app: Sphinx) -> None:
    """Called by Sphinx at the start of a build."""
    app.add_transform(OutsideDocuments)
