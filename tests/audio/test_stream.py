"""Sound files a block at a time: the same samples as at once, and nothing half-written."""

import numpy as np
import pytest
import soundfile
import torch

from dap.audio.sound_file import encode_wav, read_audio, write_audio
from dap.audio.stream import stream_audio, write_audio_stream


@pytest.mark.parametrize("size", [1000, 4096, 10**6])
def test_blocks_joined_are_the_file(tmp_path, size):
    sound = torch.randn(2, 10001)
    write_audio(tmp_path / "a.wav", sound, 8000)
    blocks = list(stream_audio(tmp_path / "a.wav", size))
    assert torch.equal(torch.cat(blocks, dim=1), sound)
    assert max(block.shape[1] for block in blocks) <= size


def test_a_file_written_in_blocks_is_the_one_written_at_once(tmp_path):
    sound = 2 * torch.randn(2, 10001)
    assert write_audio_stream(tmp_path / "a.wav", sound.split(999, dim=1), 44100, 10001) == 10001
    assert (tmp_path / "a.wav").read_bytes() == encode_wav(sound, 44100, "FLOAT")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.wav"]


def test_what_is_too_long_for_a_wav_is_none(tmp_path):
    write_audio_stream(tmp_path / "a.wav", [torch.ones(1, 10)], 8000, 2**31)
    assert soundfile.info(tmp_path / "a.wav").format == "RF64"
    assert torch.equal(read_audio(tmp_path / "a.wav")[0], torch.ones(1, 10))


def test_a_failure_leaves_what_was_there(tmp_path):
    (tmp_path / "a.wav").write_text("before")

    def failing():
        yield torch.ones(1, 10)
        raise ValueError("the source failed")

    for blocks, message in [
        (failing(), "the source failed"),
        ([torch.ones(1, 4), torch.full((1, 4), torch.nan)], "refusing to write NaN or Inf"),
        ([], "no samples to write"),
    ]:
        with pytest.raises(ValueError, match=message):
            write_audio_stream(tmp_path / "a.wav", blocks, 8000, 10)
        assert (tmp_path / "a.wav").read_text() == "before"
        assert list(tmp_path.iterdir()) == [tmp_path / "a.wav"]


def test_files_that_cannot_be_read(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan], dtype="float32"), 8000, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("no sound at all")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 8000)
    for name, message in (("nan.wav", "holds NaN or Inf"), ("text.wav", "not a sound file"), ("none.wav", "no such file")):
        with pytest.raises(ValueError, match=message):
            list(stream_audio(tmp_path / name))
    with pytest.raises(ValueError, match="holds no samples"):
        list(stream_audio(tmp_path / "empty.wav"))
