"""An archive from a server: whole and verified where it belongs, or nothing."""

from collections.abc import Iterator
from functools import partial
import hashlib
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
import io
from pathlib import Path
import tarfile
import threading

import pytest

from dap.data.download import download_archive


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; short.tar.bz2 breaks off in the middle, as a lost connection does; silent.tar.bz2 stays open, silent."""

    given_up = threading.Event()

    def log_message(self, *_):
        pass

    def do_GET(self):
        if not self.path.endswith(("short.tar.bz2", "silent.tar.bz2")):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(b"BZh9" + bytes(996))
        if self.path.endswith("silent.tar.bz2"):
            self.given_up.wait(60)


@pytest.fixture
def server(tmp_path) -> Iterator[tuple[str, Path]]:
    """A server on this machine: its address, and the folder that it serves."""
    folder = tmp_path / "server"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", folder
        http.shutdown()
        thread.join()


def archive(path: Path, members: dict[str, bytes], mode: str = "w:bz2") -> str:
    """Write a tar archive; returns its SHA-256."""
    with tarfile.open(path, mode) as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("mode", ["w:bz2", "w:gz", "w"])
def test_an_archive_is_unpacked(server, tmp_path, mode):
    address, folder = server
    sha256 = archive(folder / "set.tar", {"Set-1.1/metadata.csv": b"a|b|c\n", "Set-1.1/wavs/a.wav": b"sound"}, mode)
    target = tmp_path / "data" / "Set-1.1"
    download_archive(f"{address}/set.tar", target, sha256.upper())
    assert (target / "wavs" / "a.wav").read_bytes() == b"sound"
    assert list(target.parent.iterdir()) == [target]  # nothing temporary is left


def refused(server, tmp_path, file: str, sha256: str | None, message: str) -> None:
    """The download fails with the message and leaves nothing, inside or outside its folder."""
    before = {path for path in tmp_path.rglob("*") if path.name != "data"}
    with pytest.raises(ValueError, match=message) as caught:
        download_archive(f"{server[0]}/{file}", tmp_path / "data" / "Set-1.1", sha256)
    assert "\n" not in str(caught.value)
    assert {path for path in tmp_path.rglob("*") if path.name != "data"} == before


def test_what_is_not_the_archive_is_refused(server, tmp_path):
    folder = server[1]
    archive(folder / "set.tar.bz2", {"Set-1.1/a.wav": b"sound"})
    refused(server, tmp_path, "set.tar.bz2", "0" * 64, "not the archive it should be: its SHA-256 is .*, expected 0000")
    refused(server, tmp_path, "other.tar.bz2", None, "could not be fetched: .*not found")
    refused(server, tmp_path, "short.tar.bz2", None, "broke off after 1000 of 100000 bytes")
    (folder / "page.html").write_text("<html>not what you want</html>")
    refused(server, tmp_path, "page.html", None, "an archive that cannot be unpacked")
    content = (folder / "set.tar.bz2").read_bytes()
    (folder / "half.tar.bz2").write_bytes(content[: len(content) // 2])
    refused(server, tmp_path, "half.tar.bz2", None, "an archive that cannot be unpacked")
    archive(folder / "elsewhere.tar.bz2", {"Set-1.0/a.wav": b"sound"})
    refused(server, tmp_path, "elsewhere.tar.bz2", None, "the archive holds no folder Set-1.1")


def test_a_silent_server_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr("dap.data.download._TIMEOUT_SECONDS", 0.2)
    try:
        refused(server, tmp_path, "silent.tar.bz2", None, "could not be fetched: timed out")
    finally:
        Quiet.given_up.set()


def test_nothing_lands_outside(server, tmp_path):
    folder = server[1]
    for name in ("../../evil", "Set-1.1/../../../evil"):
        archive(folder / "evil.tar.bz2", {"Set-1.1/a.wav": b"sound", name: b"evil"})
        refused(server, tmp_path, "evil.tar.bz2", None, "cannot be unpacked: .*outside the destination")
    with tarfile.open(folder / "link.tar.bz2", "w:bz2") as tar:
        link = tarfile.TarInfo("Set-1.1/wavs")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)
    refused(server, tmp_path, "link.tar.bz2", None, "cannot be unpacked: .*absolute path")


def test_no_server(tmp_path):
    with pytest.raises(ValueError, match=r"could not be fetched: .*refused"):
        download_archive("http://127.0.0.1:9/set.tar", tmp_path / "Set-1.1", None)
    assert not list(tmp_path.iterdir())
