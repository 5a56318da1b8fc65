"""The room as a task: linear, of the clip's rate, and as different from clip to clip as is asked for."""

import pytest
import torch

from dap.dsp.reverb import reverberation
from dap.tasks.reverb import Reverb


def test_the_room_is_added():
    sound = torch.randn(2, 4000)
    task = Reverb(reverberance=70.0, wet_gain_db=-3.0).at(16000, 4000, torch.Generator())
    added = reverberation(sound, 16000, reverberance=70.0, wet_gain_db=-3.0)
    assert torch.equal(task.degrade(sound, torch.Generator()), sound + added)
    assert torch.equal(task.finish(sound, sound + added), sound)


def test_clips_can_have_rooms_of_their_own():
    rooms = [Reverb(spread=10.0).at(8000, 100, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert rooms[0].facts == rooms[1].facts != rooms[2].facts
    wild = [Reverb(spread=1e9).at(8000, 100, torch.Generator().manual_seed(seed)).reverberance for seed in range(8)]
    assert set(wild) == {0.0, 100.0}
    assert Reverb(spread=10.0).at(8000, 100, None).reverberance == 50.0  # a sound that is damaged already: nothing is drawn


def test_wrong_settings():
    with pytest.raises(ValueError, match="spread must be at least 0 %, got -1"):
        Reverb(spread=-1.0)
    with pytest.raises(ValueError, match="room_scale must be from 0 to 100, got 150"):
        Reverb(room_scale=150.0)
