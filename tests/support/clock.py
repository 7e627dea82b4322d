"""Another time of day for processes that a test starts, changed while they run; what measures spans is left alone."""

from tests.support.tools import faketime_library


class Clock:
    """So many seconds before or behind the time on the wall."""

    def __init__(self, folder):
        self._file = folder / "clock"
        self.off_by(0)

    def off_by(self, seconds):
        """From now on the processes are so many seconds fast; slow where it is negative."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self._file)

    @property
    def variables(self):
        """What a process is started with to go by this clock."""
        return {
            "LD_PRELOAD": faketime_library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
