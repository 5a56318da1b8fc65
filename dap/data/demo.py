"""The clip that comes with dap."""

from pathlib import Path

from dap.data.file import File

DEMO_CLIP = Path(__file__).with_name("demo.wav")


class Demo(File):
    """Two seconds of speech, made by scripts/make_demo_clip.

    Args:
        start, seconds, sample_rate, peak: see `File`.
    """

    def __init__(
        self,
        start: float = 0.0,
        seconds: float | None = None,
        sample_rate: int | None = None,
        peak: float | None = 1.0,
    ) -> None:
        super().__init__(str(DEMO_CLIP), start, seconds, False, sample_rate, peak)
