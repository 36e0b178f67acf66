"""Vendors' SFTP servers: connecting, listing, fetching, pushing."""
