"""Districts for the tests from outside."""

from e2e.mornings import district, monday, new_district, same_district

__all__ = ["district", "monday", "new_district", "same_district"]
