"""supervisord, which looks after its programs ten times a second instead of once.

As it comes, it lets a whole second pass before it starts the first program, and up to another for each one that it
stops. Like the guard it is run as a plain file, so that it starts at once.
"""

# Supervisor has no types, so neither has what is made of its classes.
from supervisor import poller, supervisord  # type: ignore[import-untyped]

LONGEST_NAP_SECONDS = 0.1


class AttentivePoller(poller.Poller):  # type: ignore[misc]
    """Waits for output of the programs, and in between has to look who has ended."""

    def poll(self, timeout: float) -> tuple[list[int], list[int]]:
        ready: tuple[list[int], list[int]] = super().poll(min(timeout, LONGEST_NAP_SECONDS))
        return ready


def main() -> None:
    # supervisord makes its poller by this name.
    poller.Poller = AttentivePoller
    supervisord.main()


if __name__ == "__main__":
    main()
