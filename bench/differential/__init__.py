"""Two engines, the same rows: BigQuery's stand-in and Google's own reference implementation must give the same.

    ugly.py        seeded rows as ugly as the contract allows, of every table that a view reads
    frozen.py      seeded rows of what is frozen for a delivery
    standin.py     the stand-in alone, with the rows of many cases in it, of which views see one at a time
    engines.py     every view, and every statement that checks a delivery, asked of both engines and compared
    serve.py       the stand-in's process
    __main__.py    the long run: python -m bench.differential --seed N --rounds M

The short run is tests/sql/test_differential.py.
"""
