"""Which release this is."""

from importlib.metadata import PackageNotFoundError, version


def release() -> str:
    """Return the version of the package, or "unknown" where it runs from files that were never installed."""
    try:
        return version("directory-gateway")
    except PackageNotFoundError:
        return "unknown"
