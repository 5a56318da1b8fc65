"""What a seed chooses: the same everywhere, of all that there is, and never what is too short."""

from pathlib import Path
import shutil

import pytest
import torch

from dap.audio.sound_file import read_audio, write_audio
from dap.data.draw import DrawnClips, uniform


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> dict[str, Path]:
    """30 sounds of 0.2 to 0.49 s, none like another."""
    folder = tmp_path_factory.mktemp("collection")
    paths = {f"sound_{index:02}": folder / f"{index:02}.wav" for index in range(30)}
    for index, path in enumerate(paths.values()):
        generator = torch.Generator().manual_seed(index)
        write_audio(path, torch.rand(2, 1600 + 80 * index, generator=generator) - 0.5, 8000)
    return paths


def drawn(paths, **settings) -> DrawnClips:
    chosen = {"n_clips": 8, "clip_seed": 0, "start": None, "seconds": 0.1, "sample_rate": None, "peak": 1.0, **settings}
    return DrawnClips(paths, Path("list"), **chosen)


def test_the_hash_is_uniform():
    numbers = torch.tensor([uniform(7, str(index)) for index in range(4000)])
    assert 0 <= float(numbers.min()) < float(numbers.max()) < 1
    counts = torch.histc(numbers, 10, 0, 1)
    assert float(((counts - 400) ** 2 / 400).sum()) < 27.9  # chi-squared of 9 degrees of freedom, 1 in 1000


def test_the_hash_is_the_same_on_every_machine():
    r"""SHA-256 of b"0\nLJ001-0001" begins with cf5e38…, by `printf '0\nLJ001-0001' | sha256sum`."""
    assert uniform(0, "LJ001-0001") == pytest.approx(0xCF5E38DF41645BB1 / 2**64, abs=1e-15)


def test_a_seed_decides_which_and_where(paths):
    first, again, other = drawn(paths), drawn(dict(reversed(paths.items()))), drawn(paths, clip_seed=1)
    assert first.names == again.names
    assert len(set(first.names)) == 8
    assert first.names != other.names
    assert torch.equal(first[3].waveform, again[3].waveform)
    shared = next(name for name in paths if uniform(0, name, "start") != uniform(1, name, "start"))
    starts = [drawn({shared: paths[shared]}, n_clips=1, clip_seed=seed)._start(shared) for seed in (0, 1)]
    assert starts[0] != starts[1]


def test_few_are_the_first_of_many(paths):
    assert drawn(paths, n_clips=3).names == drawn(paths, n_clips=20).names[:3]


def test_null_takes_all_in_the_order_of_names(paths):
    assert drawn(paths, n_clips=None).names == sorted(paths)


@pytest.mark.parametrize(("start", "n_long_enough"), [(0.0, 15), (0.06, 9), (None, 15)])
def test_what_ends_before_is_passed_over(paths, start, n_long_enough):
    """Sound k lasts 0.2 + 0.01 k s: 0.35 s is in those from 15 on, 0.06 s more in those from 21 on."""
    data = drawn(paths, n_clips=None, start=start, seconds=0.35)
    assert data.names == sorted(paths)[-n_long_enough:]
    assert {data[index].waveform.shape[1] for index in range(n_long_enough)} == {2800}
    with pytest.raises(ValueError, match=f"n_clips is 20, but list has {n_long_enough} sounds that last 0.*, of 30 in all"):
        drawn(paths, n_clips=20, start=start, seconds=0.35)


def test_a_part_is_where_the_source_says(paths):
    data = drawn(paths, peak=0.5)
    for index, name in enumerate(data.names):
        clip = data[index]
        path, _, start = clip.source.removesuffix(" s on").partition(", from ")
        assert (clip.name, Path(path)) == (name, paths[name])
        expected, _ = read_audio(path, float(start), 0.1)
        assert torch.allclose(clip.waveform, clip.gain * expected)
        assert float(clip.waveform.abs().max()) == pytest.approx(0.5)


def test_whole_sounds(paths):
    clip = drawn({"a": paths["sound_03"]}, n_clips=1, seconds=None)[0]
    assert clip.source == str(paths["sound_03"])
    assert clip.waveform.shape == (2, 1840)


def test_channels_are_averaged_before_the_level_is_set(paths):
    only = {"a": paths["sound_03"]}
    stereo, mono = (drawn(only, n_clips=1, start=0.0, peak=None, mono=mono)[0].waveform for mono in (False, True))
    assert torch.allclose(mono, stereo.mean(0, keepdim=True))
    assert float(drawn(only, n_clips=1, mono=True)[0].waveform.abs().max()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_clips": 0}, "n_clips must be at least 1 or null, got 0"),
        ({"clip_seed": -1}, "clip_seed must be at least 0, got -1"),
        ({"seconds": 0.0}, "seconds must be above 0 or null, got 0"),
        ({"start": -1.0}, "start must be at least 0 s, got -1"),
        ({"n_clips": 31}, "n_clips is 31, but list has 30 sounds that last 0.1 s, of 30 in all"),
        ({"n_clips": None, "seconds": 9.0}, "list has 0 sounds that last 9 s, of 30 in all"),
    ],
)
def test_what_cannot_be_drawn(paths, settings, message):
    with pytest.raises(ValueError, match=message):
        drawn(paths, **settings)


def test_a_sound_that_is_missing_or_damaged(paths, tmp_path):
    with pytest.raises(ValueError, match=r"gone.wav: no such file, though list names it"):
        drawn({**paths, "gone": tmp_path / "gone.wav"}, n_clips=None)
    shutil.copy(__file__, tmp_path / "text.wav")
    with pytest.raises(ValueError, match=r"text.wav: not a sound file that can be read"):
        drawn({**paths, "text": tmp_path / "text.wav"}, n_clips=None)
