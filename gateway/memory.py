"""The memory of this process."""

import ctypes


def give_back() -> None:
    """Give memory that was freed back to the system; the allocator keeps it otherwise, for as long as the process."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # the GNU library has it
    if trim is not None:
        trim(0)
