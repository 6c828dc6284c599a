"""The public breast course: part of dicompyler-core's source package, pinned by its digest.

The package has the structure set, plan and dose of a public collection's patient, and one of the 98
CT slices that they were made on.
"""

import ssl
import subprocess
import sys
import tarfile
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urldefrag, urljoin

import httpx

from kasari.errors import SetupError

PACKAGE: Final = "dicompyler-core"
FILE: Final = "dicompyler-core-0.5.6.tar.gz"
SHA256: Final = "0e3c05920a8fa3f1c0ff05a5c21dab3ff3f735e00012b69b38926b219d07faee"
IN_PACKAGE: Final = "testdata/example_data"
OBJECTS: Final = ("ct.0.dcm", "rtss.dcm", "rtplan.dcm", "rtdose.dcm")
DEFAULT_INDEX: Final = "https://pypi.org/simple"
TIMEOUT_S: Final = 60.0
ASKED: Final = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
MEND: Final = "is there a network and a package index? Then try again"


def ensure_public_course(folder: Path) -> Path:
    """Return a folder with the course's objects, downloading the package if they are not there.

    Raises
    ------
    SetupError
        There is no network, or the package is not what it was.
    """
    if not all((folder / name).is_file() for name in OBJECTS):
        archive = _download()
        if sha256(archive).hexdigest() != SHA256:
            raise SetupError(f"{FILE} is not the package that was published; nothing of it is used")
        _unpack(archive, folder)
    return folder


def _unpack(archive: bytes, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=BytesIO(archive)) as package:
        for member in package:
            path = PurePosixPath(member.name)
            if path.name in OBJECTS and str(path.parent).endswith(IN_PACKAGE):
                content = package.extractfile(member)
                if content is not None:
                    (folder / path.name).write_bytes(content.read())


def _download() -> bytes:
    index = _pip_setting("index-url") or DEFAULT_INDEX
    authority = _pip_setting("cert")
    verify = ssl.create_default_context(cafile=authority) if authority else True
    try:
        with httpx.Client(verify=verify, timeout=TIMEOUT_S, follow_redirects=True) as client:
            page = client.get(f"{index.rstrip('/')}/{PACKAGE}/", headers={"Accept": ASKED})
            page.raise_for_status()
            answer = client.get(_address(page))
            answer.raise_for_status()
            return answer.content
    except (httpx.HTTPError, OSError) as error:
        text = f"the public course could not be downloaded ({type(error).__name__})"
        raise SetupError(f"{text}: {MEND}.") from None


def _address(page: httpx.Response) -> str:
    """Find the package's file in an index's answer, JSON (PEP 691) or HTML (PEP 503)."""
    if "json" in page.headers.get("content-type", ""):
        found = [file["url"] for file in page.json()["files"] if file["filename"] == FILE]
    else:
        links = _Links()
        links.feed(page.text)
        found = [link for link in links.found if urldefrag(link).url.endswith(f"/{FILE}")]
    if not found:
        raise SetupError(f"the package index has no {FILE}: {MEND} with another index.")
    return str(urldefrag(urljoin(str(page.url), found[0])).url)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name == "href" and value]


def _pip_setting(name: str) -> str:
    """Return a setting of this machine's pip, "" if it has none."""
    for section in ("global", "install", ":env:"):
        asked = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", f"{section}.{name}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0 and asked.stdout.strip():
            return asked.stdout.strip().strip("'")
    return ""
