"""Pictures of a run, as PNG."""

from collections.abc import Sequence
import io
from typing import Any

from matplotlib.figure import Figure as Figure
import numpy as np
import torch
from torch import Tensor

from dap.dsp.frequency_statistics import Falloff
from dap.dsp.stft import STFT
from dap.record.curves import Row, column

_DYNAMIC_RANGE_DB = 80
_EXACT_DB = 120  # the estimate agrees by construction, as sources that sum to the mixture do: nothing to see
_LOWEST_SCORE_DB = -10  # a fit starts from next to nothing, at -40 or so


def draw_curves(rows: list[Row], marks: dict[str, int]) -> bytes:
    """`curves_figure` as PNG."""
    return _png(curves_figure(rows, marks))


def curves_figure(rows: list[Row], marks: dict[str, int]) -> Figure:
    """Loss, and the scores against observation and reference, over the steps.

    Args:
        rows: of curves.csv.
        marks: steps to mark, by name ("restored (emv)", "oracle" …).
    """
    figure, axes = _panels(8, 6, (3, 1))
    lines = {
        "si_sdr_reference": ("SI-SDR to the reference", "C2"),
        "psnr_reference": ("PSNR to the reference", "C0"),
        "psnr_observation": ("PSNR to the observation", "C7"),
    }
    for name, (label, color) in lines.items():
        steps, values = column(rows, name)
        if values and min(values) < _EXACT_DB:
            axes[0].plot(steps, values, color=color, label=label)
    for index, (label, step) in enumerate(marks.items()):
        for axis in axes:
            axis.axvline(step, color=f"C{index + 3}", linestyle="--", label=f"{label}: step {step}")
    axes[0].set_ylim(bottom=max(_LOWEST_SCORE_DB, axes[0].get_ylim()[0]))
    axes[0].set_ylabel("dB")
    axes[0].legend(fontsize="small")
    axes[0].grid(alpha=0.3)
    steps, values = column(rows, "loss")
    if values:
        axes[1].semilogy(steps, values, color="C1")
    axes[1].set_ylabel("loss")
    axes[1].set_xlabel("step")
    axes[1].grid(alpha=0.3)
    return figure


def draw_losses(rows: list[Row]) -> bytes:
    """Of a training: a panel for the losses and one for each score of the validation, over the epochs.

    Args:
        rows: of losses.csv; scores begin with "valid_" and those of the damaged input with "input_".
    """
    names = list(dict.fromkeys(name for row in rows for name in row if name not in ("epoch", "step", "seconds", "lr")))
    scores = [name.removeprefix("valid_") for name in names if name.startswith("valid_")]
    losses = [name for name in names if not name.startswith(("valid_", "input_"))]
    figure, axes = _panels(8, 3 + 1.6 * len(scores), [1] * (1 + len(scores)))
    panels = [losses, *([f"valid_{name}", f"input_{name}"] for name in scores)]
    for axis, panel in zip(axes, panels, strict=True):
        for name in panel:
            points = [(row["epoch"], row[name]) for row in rows if row.get(name) is not None]
            if points:
                axis.plot(*zip(*points, strict=True), marker=".", label=name)
        axis.legend(fontsize="x-small")
        axis.grid(alpha=0.3)
    axes[0].set_yscale("symlog", linthresh=1e-5)
    axes[-1].set_xlabel("epoch")
    return _png(figure)


def draw_comparison(runs: dict[str, list[Row]]) -> bytes:
    """PSNR to the reference (solid) and to the observation (dashed) of several runs, by name."""
    figure, (axis,) = _panels(8, 5, (1,))
    for index, (name, rows) in enumerate(runs.items()):
        axis.plot(*column(rows, "psnr_reference"), color=f"C{index}", label=name)
        axis.plot(*column(rows, "psnr_observation"), color=f"C{index}", linestyle="--", linewidth=0.8, alpha=0.6)
    axis.set_xlabel("step")
    axis.set_ylabel("PSNR, dB: to the reference (solid), to the observation (dashed)")
    axis.legend(fontsize="small")
    axis.grid(alpha=0.3)
    return _png(figure)


def draw_falloffs(panels: dict[str, dict[str, Falloff]]) -> bytes:
    """Log magnitude over log frequency, a panel a kind of signal, a line and its power law for each of its states."""
    figure = Figure(figsize=(4 * len(panels), 4), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)
    for axis, (kind, states) in zip(axes[0], panels.items(), strict=True):
        for index, (state, found) in enumerate(states.items()):
            frequency, magnitude = found.frequency.numpy(), found.magnitude.numpy()
            middle = len(frequency) // 4
            law = magnitude[middle] * (frequency / frequency[middle]) ** found.slope
            axis.loglog(frequency, magnitude, color=f"C{index}", label=f"{state}, slope {found.slope:.2f}")
            axis.loglog(frequency, law, color=f"C{index}", linestyle=":", linewidth=0.8)
        axis.set_title(kind, fontsize="small", loc="left")
        axis.set_xlabel("cycles per sample")
        axis.legend(fontsize="small")
        axis.grid(alpha=0.3)
    axes[0, 0].set_ylabel("mean magnitude")
    return _png(figure)


def draw_spectrograms(waveforms: dict[str, Tensor], sample_rate: int) -> bytes:
    """`spectrograms_figure` as PNG."""
    return _png(spectrograms_figure(waveforms, sample_rate))


def spectrograms_figure(waveforms: dict[str, Tensor], sample_rate: int) -> Figure:
    """Log-magnitude spectrograms one above the other, on one scale.

    Args:
        waveforms: by title, (channel, time); the first channel is drawn.
        sample_rate: Hz.
    """
    n_samples = min(waveform.shape[-1] for waveform in waveforms.values())
    n_fft = min(1024, n_samples // 2 * 2)
    stft = STFT(n_fft, max(1, n_fft // 4))
    levels = {
        title: 20 * torch.log10(stft.analysis(waveform[0]).abs().clamp(min=1e-10)) for title, waveform in waveforms.items()
    }
    top = max(float(level.max()) for level in levels.values())
    figure, axes = _panels(8, 0.3 + 2.2 * len(levels), [1] * len(levels), top=0.3, right=1.1, between=0.3)
    image: Any = None
    for axis, (title, level) in zip(axes, levels.items(), strict=True):
        image = axis.imshow(
            level.numpy(),
            origin="lower",
            aspect="auto",
            vmin=top - _DYNAMIC_RANGE_DB,
            vmax=top,
            extent=(0, n_samples / sample_rate, 0, sample_rate / 2000),
            cmap="magma",
        )
        axis.set_title(title, fontsize="small", loc="left")
        axis.set_ylabel("kHz")
    axes[-1].set_xlabel("s")
    figure.colorbar(image, cax=figure.add_axes((1 - 0.95 / 8, 0.25, 0.15 / 8, 0.5)), label="dB")
    return figure


def _panels(
    width: float, height: float, shares: Sequence[float], top: float = 0.12, right: float = 0.15, between: float = 0.15
) -> tuple[Figure, np.ndarray[Any, Any]]:
    """A figure of panels one above the other, with one x axis. All lengths in inches.

    The margins are fixed: to measure the labels, as matplotlib's layouts do, takes longer than all the drawing.

    Args:
        shares: of the height, a panel each.
        top, right: margins.
        between: room from panel to panel.
    """
    figure = Figure(figsize=(width, height))
    mean = (height - 0.5 - top - between * (len(shares) - 1)) / len(shares)
    margins = {"left": 0.75 / width, "right": 1 - right / width, "bottom": 0.5 / height, "top": 1 - top / height}
    spacing = {"height_ratios": list(shares), "hspace": between / mean}
    axes: np.ndarray[Any, Any] = figure.subplots(len(shares), 1, sharex=True, squeeze=False, gridspec_kw={**margins, **spacing})
    return figure, axes[:, 0]


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
