"""The library of the embedded engine, loaded so that all C++ of the process takes and frees memory in one way.

It brings an allocator of its own, for itself alone. Where the C++ runtime is there before it (a dependency of other
packages), what the runtime takes for it comes from the system's allocator and is handed back to its own, which loses
it: 10 MB a question were seen. Where it is there first, the runtime takes from its allocator for others, who hand that
back to the system's. With the runtime's symbols known to the whole process first, all take and free from the system's.
"""

import ctypes
from contextlib import suppress
from typing import Final

_RUNTIME: Final = "libstdc++.so.6"

with suppress(OSError):  # a system whose libraries find their own symbols first, and have no such runtime
    ctypes.CDLL(_RUNTIME, mode=ctypes.RTLD_GLOBAL)

from regopy import Input, Interpreter, RegoError  # noqa: E402  # after the runtime
from regopy.interpreter import Bundle, BundleFormat  # noqa: E402  # the same
from regopy.rego_shared import Code  # noqa: E402  # the same
from regopy.rego_shared import rego as library  # noqa: E402  # the same
from regopy.rego_shared import rego_new_input as new_input  # noqa: E402  # the same

__all__ = ["Bundle", "BundleFormat", "Code", "Input", "Interpreter", "RegoError", "library", "new_input"]
