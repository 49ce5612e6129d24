"""Makes secrets.toml in a folder, once: the key of Flask's cookies and the key that seals secrets at rest.

    python make_secrets.py /etc/offline-site

It never replaces a file: without its sealing keys a database is worthless.
"""

import os
import secrets
import sys
from pathlib import Path

LINES = (
    "# Keep a copy of this file away from the backups of the database, and never lose it.",
    "# The first key seals, all open: docs/reference/security.md tells how to rotate them.",
    'SECRET_KEY = "{cookies}"',
    'AUTHZ_SEALING_KEYS = ["{sealing}"]',
    "",
)


def make(folder: Path) -> Path:
    """The file, open to its owner only.

    Raises:
        FileExistsError: there is one already.
    """
    path = folder / "secrets.toml"
    text = "\n".join(LINES).format(cookies=secrets.token_urlsafe(48), sealing=secrets.token_urlsafe(48))
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    return path


if __name__ == "__main__":
    try:
        print(f"Made {make(Path(sys.argv[1]))}: keep a copy of it away from the backups.")
    except (OSError, IndexError) as error:
        sys.exit(f"{error}\n{__doc__}")
