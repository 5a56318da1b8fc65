"""The scale of an axis: where a value lies, and which round numbers to label."""

from dataclasses import dataclass
import math


@dataclass(frozen=True)
class Scale:
    """From values to shares of a panel's height, in the logarithm or not."""

    low: float
    high: float
    logarithmic: bool = False

    @classmethod
    def around(cls, low: float, high: float, logarithmic: bool = False) -> "Scale":
        """With a margin of a twentieth below and above.

        >>> Scale.around(0, 20), Scale.around(3, 3)
        (Scale(low=-1.0, high=21.0, logarithmic=False), Scale(low=2, high=4, logarithmic=False))
        """
        if logarithmic:
            margin = (high / low) ** 0.05 if high > low else 2.0
            return cls(low / margin, high * margin, True)
        margin = 0.05 * (high - low) if high > low else 1
        return cls(low - margin, high + margin)

    def share(self, value: float) -> float:
        """0 at the bottom, 1 at the top, and no further.

        >>> Scale(1, 100, logarithmic=True).share(10)
        0.5
        """
        low, high, value = (math.log10(one) if self.logarithmic else one for one in (self.low, self.high, value))
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def ticks(self, n_wanted: int = 4) -> list[float]:
        """Round numbers within the scale, about so many or half of them: multiples of 1, 2 or 5, or powers of ten.

        >>> Scale(0, 40).ticks(), Scale(0.5, 200, logarithmic=True).ticks()
        ([0.0, 10.0, 20.0, 30.0, 40.0], [1.0, 10.0, 100.0])
        """
        if self.logarithmic:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            powers = [10.0**power for power in range(first, last + 1)]
            return powers[:: math.ceil(len(powers) / (n_wanted + 1))] if len(powers) > 1 else [self.low, self.high]
        rough = (self.high - self.low) / n_wanted
        power = 10.0 ** math.floor(math.log10(rough))
        width = next(width * power for width in (1, 2, 5, 10) if width * power >= rough)
        return [width * index for index in range(math.ceil(self.low / width), math.floor(self.high / width) + 1)]
