"""The time that a reply names: "try again in 5 minutes", "come back in 00:04:59", "Retry after 300 seconds"."""

import re

SECONDS_OF = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

# A server that names more than this means "not today"; it is asked again after it at the latest.
LONGEST_SECONDS = 2 * 86400.0

# The number must belong to a retry: "timeout after 300 seconds" tells of the past, and names no time to come.
_INTRODUCED = r"(?:again|retry|back|wait|grey-?\s?list\w*|delayed|deferred|blocked)\b\D{0,40}?"
_AHEAD = r"\bin\s+(?:about\s+|at least\s+)?"
_COUNTED = r"(\d{1,6})\s*(s|m|h|d)(?:ec|econd|in|inute|r|our|ay)?s?\b"
_CLOCK = r"(\d{1,2}):(\d\d):(\d\d)\b"

_COUNTED_TIME = re.compile(rf"(?:{_INTRODUCED}|{_AHEAD}){_COUNTED}", re.IGNORECASE)
_CLOCK_TIME = re.compile(rf"(?:{_INTRODUCED}|{_AHEAD}){_CLOCK}", re.IGNORECASE)


def named_seconds(words: str) -> float | None:
    """The seconds after which a reply asks for another try, from 1 to two days; None where it names none."""
    counted, clock = _COUNTED_TIME.search(words), _CLOCK_TIME.search(words)
    # A clock's hours are digits as well, and "04:59" would be read as nothing at all.
    if clock is not None:
        hours, minutes, seconds = (float(part) for part in clock.groups())
        named = 3600 * hours + 60 * minutes + seconds
    elif counted is not None:
        named = float(counted[1]) * SECONDS_OF[counted[2].lower()]
    else:
        return None
    return min(max(named, 1.0), LONGEST_SECONDS)
