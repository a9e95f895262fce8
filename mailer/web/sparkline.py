"""A line of little bars: how many letters went out in each minute."""

from collections.abc import Sequence

HEIGHT = 32
BAR, STEP = 5, 7
# Fewer bars would be drawn too broad; the minutes before the first one are empty.
LEAST_BARS = 20


def sparkline(minutes: Sequence[int]) -> tuple[str, int]:
    """The path of the bars as SVG draws it, and how wide the whole picture is; the highest bar fills the height."""
    counts = [0] * (LEAST_BARS - len(minutes)) + list(minutes)
    highest = max(counts)
    bars = []
    for place, count in enumerate(counts):
        if count:
            height = max(1, round((HEIGHT - 2) * count / highest))
            bars.append(f"M{STEP * place} {HEIGHT}v-{height}h{BAR}v{height}z")
    return "".join(bars), STEP * len(counts) - (STEP - BAR)
