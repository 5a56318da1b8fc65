"""The reader of sound files on damaged files, in a process of its own that may take 1 GiB more: see test_fuzz_audio.

``python -m tests.fuzz_reader damage 500`` or ``… claims`` prints what came of every file, counted. A file that is read for
longer than 10 s, or crashes the process, is the last one that was written.
"""

from collections import Counter
from collections.abc import Iterator
import io
import json
from pathlib import Path
import resource
import signal
import sys

from hypothesis import HealthCheck, given, settings, strategies
import numpy as np
import soundfile

from dap.audio.sound_file import read_audio

MEMORY = 2**30  # bytes
SECONDS = 10
FORMATS = [
    ("WAV", "PCM_16", 1),
    ("WAV", "PCM_24", 2),
    ("WAV", "FLOAT", 2),
    ("WAVEX", "PCM_16", 3),
    ("RF64", "PCM_16", 1),
    ("W64", "PCM_16", 1),
    ("FLAC", "PCM_16", 1),
    ("FLAC", "PCM_24", 2),
    ("OGG", "VORBIS", 1),
    ("OGG", "OPUS", 1),
    ("MP3", "MPEG_LAYER_III", 1),
    ("AIFF", "PCM_16", 1),
    ("CAF", "PCM_16", 1),
    ("AU", "PCM_16", 1),
]
WILD = [0, 1, 2, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 2**20, 2**28 - 8, 2**31 + 1, 2**62]


def sound(kind: str, subtype: str, n_channels: int) -> bytes:
    """A good file: a third of a second of noise, then silence."""
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (3000, n_channels))
    samples[2000:] = 0
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 8000, format=kind, subtype=subtype)
    return buffer.getvalue()


GOOD = [sound(*names) for names in FORMATS]

# (kind, where as a share of the bytes in question, a value, a number of bytes)
EDITS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(["flip", "set", "insert", "delete", "cut", "wild", "wild", "wild"]),
        strategies.sampled_from([64, 256, 2**20]),  # how much of the beginning is in question
        strategies.floats(0, 1, exclude_max=True),
        strategies.one_of(strategies.sampled_from(WILD), strategies.integers(0, 2**64 - 1)),
        strategies.sampled_from([1, 2, 4, 8]),
        strategies.sampled_from(["little", "big"]),
    ),
    min_size=1,
    max_size=3,
)


def damage(good: bytes, edits: list[tuple]) -> bytes:
    """The file after some edits."""
    content = bytearray(good)
    for kind, within, share, value, size, order in edits:
        at = int(share * min(within, len(content)))
        number = (value & (1 << 8 * size) - 1).to_bytes(size, order)
        if kind == "flip" and content:
            content[at] ^= 1 << value % 8
        elif kind in ("set", "wild"):
            content[at : at + (1 if kind == "set" else size)] = number[:1] if kind == "set" else number
        elif kind == "insert":
            content[at:at] = number
        elif kind == "delete":
            del content[at : at + size]
        elif kind == "cut":
            del content[at:]
    return bytes(content)


def claims() -> Iterator[bytes]:
    """Files that claim to be huge: by the length of a FLAC, the last position in an Ogg, or any number in another's head."""
    for good, (kind, _, _) in zip(GOOD, FORMATS, strict=True):
        if kind == "FLAC":
            for power in range(16, 37):
                head = int.from_bytes(good[18:26], "big") >> 36 << 36
                yield good[:18] + (head | 2**power - 1).to_bytes(8, "big") + good[26:]
        elif kind == "OGG":
            for power in (20, 24, 28, 30, 31, 34, 40, 62):
                page = bytearray(good[good.rfind(b"OggS") :])
                page[6:14], page[22:26] = (2**power).to_bytes(8, "little"), bytes(4)
                page[22:26] = ogg_checksum(page).to_bytes(4, "little")
                yield good[: good.rfind(b"OggS")] + page
        else:
            for at in range(4, 64, 2):
                for order in ("little", "big"):
                    yield good[:at] + (2**29 - 8).to_bytes(4, order) + good[at + 4 :]


def ogg_checksum(page: bytes) -> int:
    """CRC-32 of polynomial 0x04c11db7, neither reflected nor inverted (RFC 3533)."""
    remainder = 0
    for byte in page:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = (remainder << 1 ^ 0x04C11DB7 if remainder & 0x80000000 else remainder << 1) & 0xFFFFFFFF
    return remainder


def outcome(path: Path, content: bytes) -> str:
    """What came of a file; anything but a waveform or one line of ValueError is an error here."""
    path.write_bytes(content)
    signal.alarm(SECONDS)  # nothing handles it: it ends the process
    message = ""
    try:
        waveform, rate = read_audio(path)
    except ValueError as error:
        message = str(error)
    signal.alarm(0)
    if message:
        assert message.startswith(f"{path}: ")
        assert message.isprintable()
        return "ValueError"
    assert waveform.ndim == 2
    assert waveform.numel() > 0
    assert waveform.isfinite().all()
    assert 1 <= rate <= 10_000_000
    return "waveform"


def main() -> None:
    """Arguments: a file to write to; damage and how many, or claims."""
    path = Path(sys.argv[1])
    outcome(path, GOOD[0])  # what the first read imports is no matter of the file's
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY, in_use + MEMORY))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts: Counter[str] = Counter()
    if sys.argv[2] == "claims":
        for content in claims():
            counts[outcome(path, content)] += 1
    else:

        @settings(
            max_examples=int(sys.argv[3]),
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategies.sampled_from(GOOD), EDITS)
        def read(good: bytes, edits: list[tuple]) -> None:
            counts[outcome(path, damage(good, edits))] += 1

        read()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps({**counts, "grown_mb": round(grown)}))


if __name__ == "__main__":
    main()
