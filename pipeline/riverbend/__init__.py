"""The pretend district: what it has, what it sends, to whom, and what it agreed with them."""
