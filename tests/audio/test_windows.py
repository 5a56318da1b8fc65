"""Overlapping windows over a stream: the length, the seams, the memory."""

import pytest
import torch

from dap.audio.windows import by_windows, cut, join

SETTINGS = [(64, 32, 0), (64, 32, 32), (64, 16, 16), (64, 48, 16), (64, 64, 0), (7, 3, 2), (1, 1, 0), (65, 33, 31)]
LENGTHS = [1, 5, 63, 64, 65, 96, 97, 127, 128, 1000]


def blocks_of(stream: torch.Tensor, size: int) -> list[torch.Tensor]:
    return list(stream.split(size, dim=-1))


@pytest.mark.parametrize(("window", "hop", "fade"), SETTINGS)
@pytest.mark.parametrize("n_samples", LENGTHS)
def test_the_identity_gives_the_stream_back_bit_for_bit(window, hop, fade, n_samples):
    stream = torch.randn(2, n_samples) * 10.0 ** torch.randint(-6, 6, (2, n_samples))
    for size in (1, 13, 4096):
        out = torch.cat(list(by_windows(blocks_of(stream, size), torch.clone, window, hop, fade)), dim=-1)
        assert torch.equal(out, stream)


@pytest.mark.parametrize(("window", "hop", "fade"), SETTINGS)
@pytest.mark.parametrize("n_samples", LENGTHS)
def test_how_the_stream_is_cut_does_not_matter(window, hop, fade, n_samples):
    """Also for a process that differs from window to window; and it is always given whole windows."""
    stream = torch.randn(1, n_samples)

    def output(size):
        count = iter(range(10000))

        def process(samples):
            assert samples.shape == (1, window)
            return samples * next(count)

        return torch.cat(list(by_windows(blocks_of(stream, size), process, window, hop, fade)), dim=-1)

    assert output(1).shape == stream.shape
    assert torch.equal(output(1), output(17))


@pytest.mark.parametrize("n_samples", LENGTHS)
def test_windows_together_are_as_one_by_one(n_samples):
    stream = torch.randn(2, n_samples)
    singly = list(by_windows(blocks_of(stream, 13), lambda window: window.sin(), 64, 32, 16))
    shapes = []

    def process(windows):
        shapes.append(windows.shape)
        return windows.sin()

    together = list(by_windows(blocks_of(stream, 13), process, 64, 32, 16, at_once=4))
    assert torch.equal(torch.cat(together, dim=1), torch.cat(singly, dim=1))
    assert all(shape[1:] == (2, 64) and 1 <= shape[0] <= 4 for shape in shapes)


def test_borders_are_cropped():
    """What a process does to the outer quarters of its windows is heard at the stream's own ends alone."""

    def spoil(samples):
        samples = samples.clone()
        samples[..., :16] = samples[..., -16:] = 9.0
        return samples

    out = torch.cat(list(by_windows([torch.zeros(1, 512)], spoil, 64, 32)), dim=-1)
    assert (out[0, :16] == 9).all()
    assert (out[0, -16:] == 9).all()
    assert not out[0, 16:-16].any()


@pytest.mark.parametrize("fade", [7, 5000])
def test_a_fade_lies_between_the_two(fade, generator):
    """To the last bit, also where the weight of one is rounded to 0 or 1: what both keep to is kept to."""
    one, other = torch.rand(2, 3, 20_000, generator=generator).log()
    low, high = torch.minimum(one, other), torch.maximum(one, other)
    windows = [(0, one[:, :15_000]), (5_000, other[:, 5_000:])]
    joined = torch.cat(list(join(windows, 15_000, 5_000, fade)), dim=-1)
    assert ((low <= joined) & (joined <= high)).all()


def test_a_fade_goes_over_without_a_step():
    levels = iter([0.0, 1.0])
    out = torch.cat(list(by_windows([torch.zeros(1, 300)], lambda samples: samples + next(levels), 200, 100, 80)), dim=-1)[0]
    assert float(out[:110].max()) == 0
    assert float(out[190:].min()) == 1
    assert (out.diff() >= 0).all()
    assert float(out.diff().max()) < 1.6 / 80  # a raised cosine's steepest slope is π / 2 over its length
    assert float((out + out.flip(0) - 1).abs().max()) < 1e-6  # symmetric about the middle of what both windows have


def test_memory_is_bounded():
    """Of an endless stream the next part is given for the asking, and no window keeps an earlier one alive."""

    def endless():
        while True:
            yield torch.zeros(1, 50)

    parts = by_windows(endless(), torch.clone, 100, 50, 10)
    for _ in range(2000):
        part = next(parts)
        assert part.shape[-1] <= 100
        assert part.untyped_storage().nbytes() <= 4 * 100
    for _, window in zip(range(2000), cut(endless(), 100, 50), strict=False):
        assert window[1].untyped_storage().nbytes() <= 4 * 200


def test_a_stream_without_samples_stays_one():
    assert list(by_windows([], torch.clone, 4, 2)) == []
    assert list(by_windows([torch.zeros(1, 0)], torch.clone, 4, 2)) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 1), "got a window of 0 and a hop of 1"),
        ((4, 5), "got a window of 4 and a hop of 5"),
        ((4, 0), "got a window of 4 and a hop of 0"),
        ((4, 3, 2), "fade must be from 0 to 1 samples, hop and overlap, got 2"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        list(by_windows([torch.zeros(1, 8)], torch.clone, *settings))


def test_wrong_blocks_and_processes():
    with pytest.raises(ValueError, match=r"blocks must all have 1 channels, got one of shape \(2, 4\)"):
        list(by_windows([torch.zeros(1, 4), torch.zeros(2, 4)], torch.clone, 4, 2))
    with pytest.raises(ValueError, match="a window of 4 samples became one of 3"):
        list(by_windows([torch.zeros(1, 8)], lambda samples: samples[..., 1:], 4, 2))
    with pytest.raises(ValueError, match=r"changed from \(1, 4\) to \(2, 4\)"):
        list(join([(0, torch.zeros(1, 4)), (2, torch.zeros(2, 4))], 4, 2))
