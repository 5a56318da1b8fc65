"""How often maps can be divided before nothing but padding is left."""

_SHORT = {1: 4096, 2: 256}  # values an axis that shorter maps may be padded to: waveforms, spectrograms


def check_depth(name: str, depth: int, factor: int, size: tuple[int, ...]) -> None:
    """Refuse a network that divides its maps by more than their longest side: they would be padded out of all proportion.

    Args:
        name: of the setting, for the message.
        depth: how often they are divided.
        factor: by how much each time.
        size: of the maps, values an axis.

    Raises:
        ValueError: the product exceeds every side, and 4096 samples or 256 bins and frames.

    >>> check_depth("depth", 9, 2, (512, 33))
    >>> check_depth("depth", 10, 2, (512, 33))
    Traceback (most recent call last):
    ...
    ValueError: depth = 10 is too deep for maps of 512 × 33: at most 9
    """
    longest = max(_SHORT[len(size)], *size)
    deepest = 0
    while factor > 1 and factor ** (deepest + 1) <= longest:
        deepest += 1
    if factor > 1 and depth > deepest:
        raise ValueError(f"{name} = {depth} is too deep for maps of {' × '.join(map(str, size))}: at most {deepest}")
