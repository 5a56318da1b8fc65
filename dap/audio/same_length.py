"""A stream that comes out as long as it went in, whatever works on it."""

from collections.abc import Callable, Iterable, Iterator

from torch import Tensor


def same_length(blocks: Iterable[Tensor], process: Callable[[Iterable[Tensor]], Iterable[Tensor]]) -> Iterator[Tensor]:
    """What a process makes of a stream, without what it makes beyond the stream's end.

    Args:
        blocks: (channel, some samples) after another, cut anyhow.
        process: from a stream to another that is at least as long; it reads a block before it gives one of the same place.

    Yields:
        (channel, some samples), none of them empty.

    >>> import torch
    >>> padded = lambda stream: (torch.nn.functional.pad(block, (0, 2)) for block in stream)
    >>> torch.cat(list(same_length([torch.ones(1, 3)], padded)), dim=-1).tolist()
    [[1.0, 1.0, 1.0]]
    """
    length = 0  # of what was read so far; after the last block, of the stream

    def counted() -> Iterator[Tensor]:
        nonlocal length
        for block in blocks:
            length += block.shape[-1]
            yield block

    written = 0
    for block in process(counted()):
        part = block[..., : length - written]
        written += part.shape[-1]
        if part.shape[-1]:
            yield part
