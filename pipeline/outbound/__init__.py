"""The way out, without Luigi: from a view's rows to the vendor's receipt, and what was disclosed."""
