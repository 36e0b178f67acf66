"""What a vendor publishes of its files, the same for every district; a district says which view feeds which file."""
