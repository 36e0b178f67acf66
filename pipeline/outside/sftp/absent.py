"""A folder that a row of the catalogue names, and that is not at the vendor: for who looks into it, and who writes."""

from pipeline.ground.errors import VendorUnreachable


def folder(vendor: str, named: str) -> VendorUnreachable:
    """The error that tells of it."""
    return VendorUnreachable(
        f"{vendor} has no folder {named}",
        expected="it, since a row of the catalogue names it",
        next_step="ask the vendor which folder it is, and correct the row in the catalogue's feeds.py, or "
        "deliveries.py",
    )
