#!/usr/bin/env python3
"""Writes what every Debian package has in /usr/share/doc: copyright, and the changelog in Debian's format.

packaging/debian/write_documents.py FOLDER MAINTAINER

The changelog has one entry for each release of CHANGELOG.md, with its lines.
"""

import datetime
import email.utils
import gzip
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = "fastintent"

COPYRIGHT = """\
fastintent: Copyright 2026 The fastintent authors

License: Apache-2.0. On Debian systems, the full text of the Apache License,
version 2.0, is in /usr/share/common-licenses/Apache-2.0.
"""


def entries():
    """(version, date, lines) of each release, newest first."""
    sections = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]
    for section in sections:
        title, _, text = section.partition("\n")
        release = re.fullmatch(r"(\d+\.\d+\.\d+) - (\d{4}-\d{2}-\d{2})", title.strip())
        if release:
            items = re.split(r"^- ", text, flags=re.MULTILINE)[1:]
            yield release[1], release[2], [" ".join(item.split("\n\n")[0].split()) for item in items]


def changelog(maintainer):
    parts = []
    for version, date, lines in entries():
        day = datetime.datetime.fromisoformat(date).replace(tzinfo=datetime.timezone.utc)
        items = [
            textwrap.fill(line, 78, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False)
            for line in lines
        ]
        parts += [
            f"{SOURCE} ({version}-1) unstable; urgency=medium",
            "\n".join(items),
            f" -- {maintainer}  {email.utils.format_datetime(day)}",
        ]
    return "\n\n".join(parts) + "\n"


def main(folder, maintainer):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "copyright").write_text(COPYRIGHT)
    (folder / "changelog.Debian.gz").write_bytes(gzip.compress(changelog(maintainer).encode(), mtime=0))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
