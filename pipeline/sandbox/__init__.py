"""The pretend district: stand-ins on loopback for what a district has, and a way to make each of them misbehave.

Nothing outside this package knows that it exists: the pipeline sees addresses in luigi.cfg and no more.
"""
