"""Figure 2: from folders of pictures and sounds to a picture and its slopes."""

import subprocess
import sys

from matplotlib import image
import numpy as np
import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.record.frequency_figure import frequency_statistics, read_pictures, read_sounds
from tests.conftest import REPOSITORY


@pytest.fixture
def sounds(tmp_path, generator):
    (tmp_path / "sounds").mkdir()
    for name in "ab":
        brown = torch.randn(1, 16000, generator=generator).cumsum(-1)
        write_audio(tmp_path / "sounds" / f"{name}.wav", brown / brown.abs().max(), 16000)
    return tmp_path / "sounds"


def test_noise_flattens_what_falls(sounds):
    pictures = list(torch.randn(2, 200, 200, generator=torch.Generator().manual_seed(1)).cumsum(1).cumsum(2))
    panels = frequency_statistics(pictures, read_sounds(sounds), snr_db=0.0)
    assert panels["waveforms"]["clean"].slope == pytest.approx(-1, abs=0.15)
    for found in panels.values():
        assert found["noisy"].slope > found["clean"].slope + 0.1


@pytest.mark.slow
def test_the_script(sounds, tmp_path):
    command = [sys.executable, str(REPOSITORY / "scripts" / "figure2"), str(sounds), "--patches", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "slope",
        "pictures",
        "spectrograms",
        "waveforms",
        "picture:",
    ]
    assert (tmp_path / "figure2.png").read_bytes().startswith(b"\x89PNG")


def test_folders_without(tmp_path, sounds):
    with pytest.raises(ValueError, match="no picture below this folder"):
        read_pictures(sounds)
    (tmp_path / "broken.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"broken\.png: not a picture that can be read"):
        read_pictures(tmp_path)
    (tmp_path / "broken.png").unlink()
    image.imsave(tmp_path / "grey.png", np.zeros((4, 6)))
    assert [picture.shape for picture in read_pictures(tmp_path)] == [(4, 6)]
    with pytest.raises(ValueError, match="no sound below this folder"):
        read_sounds(tmp_path / "nowhere")
