"""TensorBoard: an event file in the run folder."""

import json
from pathlib import Path
import struct
from typing import Any

from torch import Tensor

from dap.audio.sound_file import encode_wav
from dap.record.curves import Row
from dap.record.trackers.tracker import Tracker, check_tracker, numbers


class TensorBoard(Tracker):
    """Curves, sounds (all channels), pictures, facts and scores for `tensorboard --logdir outputs`.

    Args:
        every: a row of every how many steps is kept.

    Raises:
        ValueError: TensorBoard is not installed, or every is below 1.
    """

    def __init__(self, every: int = 1) -> None:
        check_tracker("tensorboard", every)
        self.every = every

    def start(self, folder: Path, facts: dict[str, Any]) -> None:
        """Open the event file; the facts are a text in it. Where a run goes on, what was told of later steps does not count."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder), purge_step=facts["resumed_at"][-1] + 1 if facts.get("resumed_at") else None)
        text = json.dumps(facts, indent=2, ensure_ascii=False, default=str)
        self.writer.add_text("facts", f"```\n{text}\n```")

    def add_row(self, row: Row) -> None:
        """A point of each curve."""
        step = int(row["step"] or 0)
        for name, value in numbers(row).items():
            if name != "step":
                self.writer.add_scalar(name, value, step)

    def add_sound(self, name: str, step: int, waveform: Tensor, sample_rate: int) -> None:
        """A player; 16 bits, what is beyond full scale is clipped."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        sound = Summary.Audio(
            sample_rate=sample_rate,
            num_channels=waveform.shape[0],
            length_frames=waveform.shape[1],
            encoded_audio_string=encode_wav(waveform.clamp(-1, 1), sample_rate),
            content_type="audio/wav",
        )
        self._add(Summary.Value(tag=name, audio=sound), step)  # add_audio would take one channel only

    def add_picture(self, name: str, png: bytes) -> None:
        """A picture, as it is."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        width, height = struct.unpack(">II", png[16:24])  # of the PNG's header
        picture = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=png)
        self._add(Summary.Value(tag=name, image=picture), 0)

    def finish(self, metrics: dict[str, dict[str, Any]], status: str) -> None:
        """The scores, each at the step of its estimate, and the end of the file."""
        for entry, scores in metrics.items():
            for name, value in numbers(scores).items():
                self.writer.add_scalar(f"{entry}/{name}", value, scores.get("step") or 0)
        self.writer.add_text("status", status)
        self.writer.close()

    def _add(self, value: Any, step: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        self.writer._get_file_writer().add_summary(Summary(value=[value]), step)  # type: ignore[no-untyped-call]
