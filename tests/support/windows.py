"""Times as a form sends them; the users of the tests have no time zone of their own, so they are UTC."""

from datetime import UTC, datetime, timedelta


def as_sent(moment: datetime) -> str:
    """A moment as a browser's field for date and time sends it: with seconds only where there are some."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S" if utc.second else "%Y-%m-%dT%H:%M")


def window(starts_in: timedelta = timedelta(hours=1), lasts: timedelta = timedelta(hours=2)) -> dict[str, str]:
    """The two fields of a window that begins so far from now."""
    start = datetime.now(UTC).replace(microsecond=0) + starts_in
    return {"start_time": as_sent(start), "end_time": as_sent(start + lasts)}
