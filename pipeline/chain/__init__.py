"""The tasks: one for each state that a morning makes true."""
