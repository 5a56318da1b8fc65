"""The event file, read back by TensorBoard's own reader."""

import io
import json
import time

import matplotlib.image
import numpy as np
import pytest
import soundfile

from tests.record.trackers.story import METRICS, RATE, ROWS, SOUND, png, tell

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dap.record.trackers.tensorboard import TensorBoard


@pytest.fixture(scope="module")
def events(tmp_path_factory) -> EventAccumulator:
    folder = tmp_path_factory.mktemp("tensorboard")
    tell(TensorBoard(), folder)
    assert len(list(folder.glob("events.out.tfevents.*"))) == 1
    events = EventAccumulator(str(folder), size_guidance={"audio": 0, "images": 0})
    events.Reload()
    return events


def test_curves(events):
    for name in ("loss", "psnr_reference"):
        points = [(point.step, point.value) for point in events.Scalars(name)]
        assert points == [(row["step"], pytest.approx(row[name])) for row in ROWS]
    assert not {"step", "stopping"} & set(events.Tags()["scalars"])  # what has no value has no curve


def test_scores_stand_at_the_step_of_their_estimate(events):
    assert [(point.step, point.value) for point in events.Scalars("restored/si_sdr")] == [(1, METRICS["restored"]["si_sdr"])]
    assert events.Scalars("observation/si_sdr")[0].value == METRICS["observation"]["si_sdr"]


def test_sounds_of_all_channels(events):
    assert [event.step for event in events.Audio("estimate")] == [0, 1, 2]
    (event,) = events.Audio("restored")
    samples, rate = soundfile.read(io.BytesIO(event.encoded_audio_string))
    assert (rate, event.step, samples.shape) == (RATE, 1, (800, 2))
    assert np.abs(samples - SOUND.clamp(-1, 1).T.numpy()).max() <= 2**-15


def test_pictures_and_facts(events):
    (event,) = events.Images("curves")
    assert (event.width, event.height) == (9, 6)
    pixels = [matplotlib.image.imread(io.BytesIO(content)) for content in (event.encoded_image_string, png())]
    assert np.array_equal(*pixels)
    text = events.Tensors("facts/text_summary")[0].tensor_proto.string_val[0].decode()
    assert json.loads(text.strip("`\n"))["versions"] == {"dap": "1"}


def test_a_run_that_goes_on(tmp_path):
    """What the process that was killed told of later steps does not stand beside what is told of them now."""
    for facts, rows in (({}, (0, 1, 2, 3)), ({"resumed_at": [1]}, (2, 3))):
        tracker = TensorBoard()
        tracker.start(tmp_path, facts)
        for step in rows:
            tracker.add_row({"step": step, "loss": 0.5})
        tracker.finish({}, "interrupted")
        time.sleep(1.1)  # a file's name has seconds
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [point.step for point in events.Scalars("loss")] == [0, 1, 2, 3]


def test_every():
    with pytest.raises(ValueError, match="every must be at least 1 step, got 0"):
        TensorBoard(every=0)
