"""Fetching a data set's archive: the folder is there whole and verified, or not at all."""

import hashlib
from http.client import HTTPException
from pathlib import Path
import shutil
import tarfile
import tempfile
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tqdm import tqdm

_CHUNK = 2**20  # bytes
_TIMEOUT_SECONDS = 60  # without a byte


def download_archive(url: str, folder: Path, sha256: str | None) -> None:
    """Download a tar archive, verify it, and unpack the one folder that is in it.

    All is done in a temporary folder beside ``folder``, which is renamed at the end and removed if anything goes wrong.
    While it runs it takes the archive's and its content's room on the disk.

    Args:
        url: of the archive: tar, alone or compressed by gzip, bzip2 or xz.
        folder: what it holds, and where that goes: an archive of LJSpeech-1.1/… goes to PARENT/LJSpeech-1.1.
        sha256: of the archive, in hexadecimal; None leaves it unverified.

    Raises:
        ValueError: it could not be fetched or is not what it should be. OSError: the disk says no.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        archive, unpacked = Path(temporary, "archive"), Path(temporary, "unpacked")
        digest = _fetch(url, archive)
        if sha256 is not None and digest != sha256.lower():
            raise ValueError(f"{url}: not the archive it should be: its SHA-256 is {digest}, expected {sha256.lower()}")
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(unpacked, filter="data")  # refuses what would land outside
        except (tarfile.TarError, EOFError) as error:
            reason = str(error).splitlines()[0].rstrip(":")  # the others are a line a kind of compression
            raise ValueError(f"{url}: an archive that cannot be unpacked: {reason}") from error
        if not (unpacked / folder.name).is_dir():
            raise ValueError(f"{url}: the archive holds no folder {folder.name}")
        (unpacked / folder.name).rename(folder)


def _fetch(url: str, path: Path) -> str:
    """Download into a file; returns the SHA-256 of what came."""
    digest = hashlib.sha256()
    try:
        with urlopen(url, timeout=_TIMEOUT_SECONDS) as answer, open(path, "wb") as file:
            promised = int(answer.headers.get("Content-Length") or 0)
            free = shutil.disk_usage(path.parent).free
            if promised > free:
                raise ValueError(f"{url}: {promised} bytes, but {free} are free at {path.parent.parent}")
            with tqdm(total=promised or None, unit="B", unit_scale=True, desc=url.rpartition("/")[2], disable=None) as progress:
                while chunk := answer.read(_CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
                    progress.update(len(chunk))
            arrived = file.tell()
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        raise ValueError(f"{url}: could not be fetched: {getattr(error, 'reason', error)}") from error
    if arrived < promised:
        raise ValueError(f"{url}: broke off after {arrived} of {promised} bytes")
    return digest.hexdigest()
