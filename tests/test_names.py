"""Names that mean ill, or are only unlucky: every file stays in its folder, and every page and table says them as text."""

import csv
from html.parser import HTMLParser
import json
import os
from pathlib import Path
import re
import shutil
from urllib.parse import unquote

from hypothesis import given, settings, strategies
import numpy as np
import pytest
import soundfile

from dap.record.csv_text import csv_text
from dap.record.folder_names import MAX_BYTES, folder_names
from dap.results.sweep import write_sweep
from dap.results.table_formats import latex_text
from dap.system.printable import printable
from tests.commands.test_run import SMALL
from tests.processes import dap_run

HOSTILE = [  # names of files, in bytes, without their .wav
    b"<img src=x onerror=alert(1)>",
    b"\" onmouseover='alert(1)' & co",
    b"</script><script>alert(1)<",  # a folder called <
    b'=HYPERLINK("http:evil")',
    b"two\nlines\r\x1b[31mred\x07",
    b"..\\..\\up",
    b"...",
    b"a/b",
    b"a_b",
    b"A_B",
    b"summary.csv",
    b"run.json",
    "\u202etxt ${oc.env:HOME} %s #x?y%2e{0}".encode(),
    b"caf\xe9",
    "é".encode() * 125,
    b"-rf ~",
]
# What would fetch something, or be a way to; the pages' own tags.
EXTERNAL = re.compile(r"https?:|//\w|@import|\b(url|fetch|import)\(|XMLHttpRequest|javascript:|<(link|iframe|object|base)")
TAGS = {"html", "head", "meta", "title", "style", "body", "script", "h1", "h2", "p", "span", "a", "audio", "img", "input"}
TAGS |= {"div", "button", "kbd", "details", "summary", "ul", "li", "i", "svg", "path"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "label", "code", "select"}


class Page(HTMLParser):
    """The elements and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.addresses = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action", "data", "poster")]


@pytest.fixture(scope="module", params=[pytest.param("files", marks=pytest.mark.slow)])
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    sounds = folder / "sounds"
    for index, name in enumerate(HOSTILE):
        path = os.fsencode(sounds) + b"/" + name + b".wav"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        soundfile.write(path, np.random.default_rng(index).uniform(-0.5, 0.5, 900), 8000, format="WAV")
    (folder / "work").mkdir()
    arguments = ["data=folder", f"data.path={sounds}", "data.glob='**/*.wav'", "task.noise_std=0.05", "hydra.run.dir=out"]
    done = dap_run(*SMALL, *arguments, folder=folder / "work")
    return done, folder / "work"


def test_a_folder_each_and_nothing_outside(ran):
    done, work = ran
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [path.name for path in work.iterdir()] == ["out"]
    assert [path.name for path in work.parent.iterdir() if path.name not in ("sounds", "work")] == []
    assert len(list((work / "out").rglob("report.html"))) == len(HOSTILE)
    folders = [path for path in (work / "out").iterdir() if path.is_dir() and path.name != ".hydra"]
    assert len(folders) == len(HOSTILE)
    assert len({path.name.casefold() for path in folders}) == len(HOSTILE)
    assert all(path.name.isprintable() for path in folders)
    for path in folders:
        assert json.loads((path / "run.json").read_text())["status"] == "finished"


def test_the_terminal_is_not_spoken_to(ran):
    done, _ = ran
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert "two\\nlines\\r\\x1b[31mred\\x07" in done.stdout


def test_reports_show_names_as_text_and_load_nothing(ran):
    _, work = ran
    for path in (work / "out").rglob("report.html"):
        text = path.read_text()
        page = Page(text)
        assert page.tags <= TAGS
        assert not {name for name in page.attributes if name.startswith("on")}
        assert all(re.match(r"data:(audio/(wav|flac)|image/png);base64,", address) for address in page.addresses)
        without_names = re.sub(r"<(td|h1|title)[^>]*>[^<]*</\1>", "", re.sub(r"base64,[\w+/=]*", "", text))
        assert not EXTERNAL.search(re.sub(r'\[\d+,"[\w+/=]*"\]', "", without_names))


def test_tables_hold_names_as_text(ran):
    _, work = ran
    with open(work / "out" / "summary.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(HOSTILE) + 2
    assert all(row["status"] == "finished" for row in rows[:-2])
    assert not [row["clip"] for row in rows if row["clip"][0] in "=+-@"]
    assert '\'=HYPERLINK("http:evil")' in [row["clip"] for row in rows]


def test_the_pages_of_a_sweep_over_them(ran):
    _, work = ran
    rows = write_sweep(work / "out")
    assert len(rows) == len(HOSTILE)
    page = Page((work / "out" / "summary.html").read_text())
    assert page.tags <= TAGS
    assert len(page.addresses) == 4 * len(HOSTILE)  # the report and three sounds
    for address in page.addresses:
        assert not re.match(r"[a-zA-Z][\w+.-]*:|/", address)  # neither a scheme nor a root
        assert (work / "out" / unquote(address)).is_file()


@pytest.mark.parametrize("program", ["table", "listen"])
def test_what_is_made_of_them(ran, tmp_path, program):
    """The same clips by a second system beside them: LaTeX and Markdown of a line a row, a page without addresses."""
    from dap.commands.listen import write_page
    from dap.commands.table import tabulate

    _, work = ran
    for system in ("harmonic", "demucs"):
        shutil.copytree(work / "out", tmp_path / "runs" / system)
        for path in (tmp_path / "runs" / system).rglob("run.json"):
            if path.is_file():
                path.write_text(json.dumps({**json.loads(path.read_text()), "system": system, "model": system}))
    if program == "listen":
        write_page(tmp_path / "runs", 20, 0)
        page = Page((tmp_path / "runs" / "listen.html").read_text())
        assert set(page.addresses) == {"data:,"}
        assert "onerror" not in (tmp_path / "runs" / "listen.html").read_text()
    else:
        shown = tabulate(tmp_path / "runs", None, None, None, True)
        assert "\x1b" not in shown
        rows = [line for line in shown.splitlines() if line.startswith("| ") and "harmonic" in line]
        assert len(rows) == 2 * len(HOSTILE)  # blind, and oracle
        latex = (tmp_path / "runs" / "table_by_clip.tex").read_text()
        assert sum("& harmonic" in line and line.endswith(r"\\") for line in latex.splitlines()) == 2 * len(HOSTILE)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(strategies.lists(strategies.text(strategies.characters(), max_size=300), max_size=8))
def test_folder_names_of_any_names(names):
    found = folder_names(names)
    assert len({name.casefold() for name in found}) == len(names)
    for name in found:
        assert name.isprintable()
        assert 0 < len(name.encode()) <= MAX_BYTES + 4
        assert Path("out", name).resolve().parent == Path("out").resolve()
        assert not name.startswith(".")
        assert not name.endswith((".json", ".csv", ".html", ".yaml"))
    assert folder_names(names[:3]) == found[:3]  # those before do not depend on those after


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(strategies.text(strategies.characters()))
def test_any_text_in_a_table(text):
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    shown.encode()
    assert csv_text(text).lstrip()[:1] not in ("=", "+", "-", "@")
    assert not re.search(r"(?<!\\)(?:\\\\)*[&%#_]", latex_text(text))


@pytest.mark.parametrize("text", [b"caf\xe9".decode(errors="surrogateescape"), "plain"])
def test_a_file_of_what_is_no_text(tmp_path, text):
    from dap.system.files import write_whole

    write_whole(tmp_path / "a.json", json.dumps(text, ensure_ascii=False))
    assert json.loads((tmp_path / "a.json").read_text()) == text
