"""The way in, without Luigi: from a vendor's file to a table."""
