"""Sound files in and out, and everything that can be wrong with one."""

import math
from pathlib import Path
import struct
import time

import numpy as np
import pytest
import soundfile
import torch

from dap.audio.sound_file import encode_wav, read_audio, write_audio


@pytest.fixture
def waveform() -> torch.Tensor:
    seconds = torch.arange(11025) / 22050
    return torch.stack([0.5 * torch.sin(2 * math.pi * 440 * seconds), 0.25 * torch.sin(2 * math.pi * 660 * seconds)])


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 96000])
@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_written_sound_comes_back_to_the_bit(tmp_path, rate, n_channels):
    waveform = 3 * torch.randn(n_channels, 1237)  # beyond full scale: float keeps it
    write_audio(tmp_path / "sound.wav", waveform, rate)
    back, back_rate = read_audio(tmp_path / "sound.wav")
    assert torch.equal(back, waveform)
    assert back_rate == rate
    assert soundfile.info(tmp_path / "sound.wav").subtype == "FLOAT"
    assert [path.name for path in tmp_path.iterdir()] == ["sound.wav"]  # nothing temporary is left


def test_equal_sounds_are_equal_files(tmp_path, monkeypatch):
    write_audio(tmp_path / "now.wav", torch.ones(1, 10), 8000)
    time.sleep(1.1)  # libsndfile stamps float WAVs with the second
    write_audio(tmp_path / "later.wav", torch.ones(1, 10), 8000)
    assert (tmp_path / "now.wav").read_bytes() == (tmp_path / "later.wav").read_bytes()


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_16", 2**-15),
        ("a.wav", "PCM_24", 2**-23),
        ("a.wav", "FLOAT", 0),
        ("a.wav", "DOUBLE", 1e-7),
        ("a.flac", "PCM_16", 2**-15),
        ("a.flac", "PCM_24", 2**-23),
        ("a.aiff", "PCM_16", 2**-15),
        ("a.ogg", "VORBIS", 0.05),
        ("a.mp3", "MPEG_LAYER_III", 0.05),
    ],
)
def test_formats(tmp_path, waveform, name, subtype, tolerance):
    soundfile.write(tmp_path / name, waveform.T.double().numpy(), 22050, subtype=subtype)
    back, rate = read_audio(tmp_path / name)
    assert rate == 22050
    assert back.shape[0] == 2
    shared = slice(1000, 9000)  # an MP3 has a few samples more, and lossy codecs have their edges
    assert float((back[:, shared] - waveform[:, shared]).abs().max()) <= tolerance


def test_a_part_of_a_file(tmp_path, waveform):
    write_audio(tmp_path / "sound.wav", waveform, 22050)
    part, _ = read_audio(tmp_path / "sound.wav", start_seconds=0.1, seconds=0.2)
    assert torch.equal(part, waveform[:, 2205 : 2205 + 4410])
    rest, _ = read_audio(tmp_path / "sound.wav", start_seconds=0.4, seconds=5)
    assert torch.equal(rest, waveform[:, 8820:])
    with pytest.raises(ValueError, match=r"it lasts 0\.500 s"):
        read_audio(tmp_path / "sound.wav", start_seconds=0.5)


def damaged(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files that cannot be used, each with what its message must say; also used through the command (test_cli)."""
    whole = encode_wav(torch.zeros(1, 4000), 8000, "FLOAT")
    rng = np.random.default_rng(0)
    flac = folder / "truncated.flac"
    soundfile.write(flac, rng.uniform(-1, 1, 40000), 8000)
    flac.write_bytes(flac.read_bytes()[:30000])
    soundfile.write(folder / "nan.wav", np.array([0.0, np.nan, 0.0] * 2000), 8000, subtype="FLOAT")
    soundfile.write(folder / "inf.wav", np.array([0.0, 0.0, np.inf] * 2000), 8000, subtype="FLOAT")
    soundfile.write(folder / "zero_length.wav", np.zeros(0), 8000)
    claims = bytearray(soundfile_flac_bytes(folder))
    claims[21] |= 0x0F  # the top of STREAMINFO's 36 bits of length
    claims[22:26] = b"\xff\xff\xff\xff"
    contents = {
        "empty.wav": b"",
        "text.wav": b"this is not a sound\n" * 100,
        "truncated.wav": whole[:-4001],
        "no_data.wav": whole[:40],
        "no_channels.wav": whole[:22] + struct.pack("<H", 0) + whole[24:],
        "adpcm.wav": whole[:20] + struct.pack("<H", 0x11) + whole[22:],
        "claims.flac": bytes(claims),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder.wav").mkdir()
    return {
        "missing": (folder / "missing.wav", "no such file"),
        "folder": (folder / "folder.wav", "is a folder, expected a sound file"),
        "empty": (folder / "empty.wav", "the file is empty"),
        "text": (folder / "text.wav", "not a sound file that can be read"),
        "truncated_wav": (folder / "truncated.wav", "truncated: the header promises 16000 bytes of sound, 11999 are there"),
        "truncated_flac": (flac, "truncated|not a sound file that can be read"),
        "no_data": (folder / "no_data.wav", "truncated: a WAV without its sound"),
        "zero_length": (folder / "zero_length.wav", "the file holds no samples"),
        "no_channels": (folder / "no_channels.wav", "not a sound file that can be read"),
        "adpcm": (folder / "adpcm.wav", "a WAV of codec 0x0011; dap reads PCM and float"),
        "claims": (folder / "claims.flac", "too many to be true|truncated|not a sound file"),
        "nan": (folder / "nan.wav", "holds NaN or Inf"),
        "inf": (folder / "inf.wav", "holds NaN or Inf"),
    }


def soundfile_flac_bytes(folder: Path) -> bytes:
    soundfile.write(folder / "small.flac", np.zeros(4000), 8000)
    return (folder / "small.flac").read_bytes()


def test_damaged_files(tmp_path):
    for name, (path, message) in damaged(tmp_path).items():
        with pytest.raises(ValueError, match=message) as caught:
            read_audio(path)
        assert "\n" not in str(caught.value), name
        assert str(path) in str(caught.value), name


def test_no_permission(tmp_path, waveform, monkeypatch):
    path = tmp_path / "secret.wav"
    write_audio(path, waveform, 22050)

    def refuse(*_args, **_kwargs):
        raise PermissionError

    monkeypatch.setattr("builtins.open", refuse)  # the mode bits stop nobody who runs as root
    with pytest.raises(ValueError, match="no permission to read it"):
        read_audio(path)


def test_nan_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="refusing to write NaN or Inf"):
        write_audio(tmp_path / "sound.wav", torch.tensor([[math.nan]]), 8000)
    assert not list(tmp_path.iterdir())


def test_a_real_recording(test_audio):
    waveform, rate = read_audio(test_audio / "speech_lj" / "LJ001-0002.flac")
    assert (waveform.shape, rate) == ((1, 41885), 22050)
