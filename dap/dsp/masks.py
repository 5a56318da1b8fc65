"""Which samples of a clip are there: masks (time,), 1 = observed, 0 = missing."""

from collections.abc import Iterator

import torch
from torch import Tensor

from dap.dsp.stft import STFT


def gaps_mask(gaps: list[tuple[int, int]], n_samples: int) -> Tensor:
    """Gaps of given places, [first, last) in samples.

    Raises:
        ValueError: a gap that is empty or not inside the clip.

    >>> gaps_mask([(1, 3)], 5).tolist()
    [1.0, 0.0, 0.0, 1.0, 1.0]
    """
    mask = torch.ones(n_samples)
    for first, last in gaps:
        if not 0 <= first < last <= n_samples:
            raise ValueError(f"a gap of samples {first} to {last} is not inside the clip of {_samples(n_samples)}")
        mask[first:last] = 0
    return mask


def random_gaps_mask(n_gaps: int, gap: int, n_samples: int, generator: torch.Generator, apart: int = 1) -> Tensor:
    """Gaps of ``gap`` samples each, at random, with at least ``apart`` between any two and at either end.

    Raises:
        ValueError: they do not fit into the clip.

    >>> mask = random_gaps_mask(3, 2, 10, torch.Generator())   # there is one way alone
    >>> mask.tolist()
    [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    """
    free = n_samples - n_gaps * (gap + apart) - apart
    if min(n_gaps, gap, apart) < 1 or free < 0:
        between = f", {apart} apart," if apart > 1 else ""
        raise ValueError(f"{n_gaps} gaps of {_samples(gap)}{between} do not fit into {_samples(n_samples)}")
    before = torch.randint(free + 1, (n_gaps,), generator=generator).sort().values  # of what is free
    firsts = [apart + int(offset) + index * (gap + apart) for index, offset in enumerate(before)]
    return gaps_mask([(first, first + gap) for first in firsts], n_samples)


def missing_samples_mask(share: float, n_samples: int, generator: torch.Generator) -> Tensor:
    """Single samples missing at random: round(share · n_samples) of them.

    Raises:
        ValueError: none or all would be missing.

    >>> missing_samples_mask(0.25, 8, torch.Generator()).sum()
    tensor(6.)
    """
    n_missing = round(share * n_samples)
    if not 0 < n_missing < n_samples:
        raise ValueError(f"a share of {share} is {n_missing} of {_samples(n_samples)}: some must be missing, and some left")
    mask = torch.ones(n_samples)
    mask[torch.randperm(n_samples, generator=generator)[:n_missing]] = 0
    return mask


def missing_columns_mask(n_gaps: int, n_columns: int, stft: STFT, n_samples: int, generator: torch.Generator) -> Tensor:
    r"""Gaps of STFT columns, as what the inverse STFT makes of them: a factor for each sample, between 0 and 1.

    Leaving out columns and going back multiplies sample t with Σ_m M_m w²[t − m·hop] / Σ_m w²[t − m·hop] (M_m: column m is
    there), so this mask says all of it, with no STFT in the data term.

    Raises:
        ValueError: they do not fit into the clip, or the clip is shorter than a frame.

    >>> mask = missing_columns_mask(1, 4, STFT(64, 16), 640, torch.Generator())
    >>> float(mask.min()), 64 < int((mask < 1).sum()) <= 64 + 3 * 16     # 4 frames, a hop apart, but for their taper
    (0.0, True)
    """
    return columns_mask(random_gaps_mask(n_gaps, n_columns, _n_frames(stft, n_samples), generator), stft, n_samples)


def columns_mask(kept: Tensor, stft: STFT, n_samples: int) -> Tensor:
    """What the inverse STFT makes of kept and missing columns, a factor for each sample, see `missing_columns_mask`.

    Args:
        kept: (n_frames,), 1 = there, 0 = missing. Frames are counted in several ways at a clip's end: what the mask has too few
            or too many, up to a frame's length, is there.

    Raises:
        ValueError: another number of columns, one missing beyond the clip's end, or the clip is shorter than a frame.

    >>> columns_mask(torch.tensor([1.0, 0, 0, 0, 1]), STFT(4, 2), 8).tolist()     # the window is 0, ½, 1, ½
    [1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]
    """
    n_frames = _n_frames(stft, n_samples)
    n_more = n_frames - len(kept)
    if abs(n_more) > stft.n_fft // stft.hop_length or (kept[n_frames:] < 1).any():
        raise ValueError(f"{_samples(n_samples)} are of {n_frames} columns, the mask is of {len(kept)}")
    kept = torch.cat([kept[:n_frames], kept.new_ones(max(n_more, 0))])
    columns = stft.analysis(torch.ones(n_samples, dtype=torch.float64))  # (n_freq, n_frames)
    mask = stft.synthesis(columns * kept, n_samples).clamp(0, 1)
    return torch.where(mask > 1 - 1e-6, 1.0, torch.where(mask < 1e-6, 0.0, mask)).float()  # rid of the STFT's rounding


def _n_frames(stft: STFT, n_samples: int) -> int:
    return -(-n_samples // stft.hop_length) + 1


def fade_from_gaps(mask: Tensor, n_faded: int) -> Tensor:
    """Weight of the observation: 0 where a sample is missing (mask below 1), rising to 1 within ``n_faded`` samples outside.

    A raised cosine of the distance to the gap. Where fewer than 2 · n_faded + 1 samples are observed in a row the fades are
    as long as leaves one of them with weight 1, so that single observed samples are kept.

    >>> fade_from_gaps(torch.tensor([0.0, 1, 1, 1, 1, 0, 1, 0]), 1).round(decimals=2).tolist()
    [0.0, 0.5, 1.0, 1.0, 0.5, 0.0, 1.0, 0.0]
    """
    missing = (mask < 1).nonzero()[:, 0]
    if missing.numel() == 0:
        return torch.ones_like(mask)
    n_samples, first, last = mask.shape[-1], int(missing[0]), int(missing[-1])
    place = torch.arange(n_samples)  # beyond the clip's ends the next gap is taken to be the mirror image of the last
    before = torch.where(mask < 1, place, -first).cummax(0).values
    after = torch.where(mask < 1, place, 2 * (n_samples - 1) - last).flip(0).cummin(0).values.flip(0)
    distance = torch.minimum(place - before, after - place)
    n_row = after - before - 1  # observed samples in a row, around this one
    n_own = ((n_row - 1) // 2).clamp(0, n_faded)
    rising = torch.sin(torch.pi / 2 * distance / (n_own + 1)).square()
    return torch.where(distance > n_own, 1.0, rising).where(mask == 1, 0.0)


def runs_of(missing: Tensor) -> list[tuple[int, int]]:
    """The gaps in a (time,) of truth values, True = missing: [first, last) of each, in order.

    >>> runs_of(torch.tensor([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = missing.to(torch.int8).diff(prepend=missing.new_zeros(1).to(torch.int8), append=missing.new_zeros(1).to(torch.int8))
    return list(zip((edges == 1).nonzero()[:, 0].tolist(), (edges == -1).nonzero()[:, 0].tolist(), strict=True))


def gaps_together(gaps: list[tuple[int, int]], n_samples: int) -> Iterator[list[tuple[int, int]]]:
    """Gaps that are filled together: from the first of them to the last at most n_samples, or one alone.

    >>> list(gaps_together([(0, 2), (4, 6), (9, 30)], 8))
    [[(0, 2), (4, 6)], [(9, 30)]]
    """
    together: list[tuple[int, int]] = []
    for gap in gaps:
        if together and gap[1] - together[0][0] > n_samples:
            yield together
            together = []
        together.append(gap)
    if together:
        yield together


def _samples(number: int) -> str:
    return f"{number} sample" + "s" * (number != 1)


def hidden_gaps(missing: Tensor, distance: int, n_least: int = 8) -> Tensor:
    """For each gap one more of its length, after it or before it in turn, where nothing is missing within half the distance.

    If these are fewer than ``n_least``, then on the other side too.

    Args:
        missing: (time,), True in the gaps.
        distance: from a gap's end to the next hidden one, samples.
        n_least: how many are hidden at least, where there is room.

    Returns:
        (time,), True in the hidden gaps alone.

    >>> hidden_gaps(torch.tensor([False] * 6 + [True] * 2 + [False] * 6), 2).int().tolist()
    [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]
    >>> hidden_gaps(torch.tensor([False] * 6 + [True] * 2 + [False] * 6), 2, n_least=1).int().tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]
    """
    hidden, taken = torch.zeros_like(missing), missing.clone()
    margin = distance // 2
    gaps = runs_of(missing)

    def hide(first: int, last: int, after: bool) -> bool:
        start = last + distance if after else first - distance - (last - first)
        end = start + last - first
        if start - margin < 0 or end + margin > len(missing) or taken[start - margin : end + margin].any():
            return False
        hidden[start:end] = taken[start:end] = True
        return True

    sides = [index % 2 == 0 for index in range(len(gaps))]
    n_hidden = sum(hide(*gap, side) or hide(*gap, not side) for gap, side in zip(gaps, sides, strict=True))
    for gap, side in zip(gaps, sides, strict=True):
        if n_hidden >= n_least:
            break
        n_hidden += hide(*gap, not side)
    return hidden
