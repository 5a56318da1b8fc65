"""A change of rate over a stream is that of the whole sound, however it is cut."""

import pytest
import torch

from dap.dsp.rate_stream import at_another_rate, resample_stream
from dap.dsp.resample import resample
from dap.tasks.sample import Sample


@pytest.mark.parametrize("rates", [(44100, 16000), (16000, 44100), (10000, 5000), (8000, 11025), (3, 2), (16000, 16000)])
@pytest.mark.parametrize("n_samples", [1, 100, 200001])
def test_it_is_that_of_the_whole(rates, n_samples):
    sound = torch.randn(2, n_samples)
    whole = resample(sound, *rates)
    for size in (50000, 77777):
        streamed = torch.cat(list(resample_stream(sound.split(size, dim=1), *rates)), dim=1)
        assert streamed.shape == whole.shape
        assert float((streamed - whole).abs().max()) < 1e-4


def test_a_tasks_own_way_up():
    task = Sample(7000, 10000)
    low = torch.randn(1, 300000)
    up = at_another_rate(low.split(10000, dim=1), lambda part: task.receive(part, 7000)[0], 7000, 10000)
    assert torch.allclose(torch.cat(list(up), dim=1), task.receive(low, 7000)[0], atol=1e-6)


def test_memory_is_bounded():
    def endless():
        while True:
            yield torch.zeros(1, 30000)

    parts = resample_stream(endless(), 44100, 16000)
    for _ in range(50):
        assert next(parts).untyped_storage().nbytes() < 4 * 100000
