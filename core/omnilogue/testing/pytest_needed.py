"""The place where pytest is imported, and what is said where it is missing."""

try:
    import pytest
except ModuleNotFoundError as error:
    if error.name != "pytest":
        raise
    raise ModuleNotFoundError(
        "this part of omnilogue.testing needs pytest: pip install 'omnilogue[test]'", name="pytest"
    ) from None

__all__ = ["pytest"]
