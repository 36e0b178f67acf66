"""The page of a morning, for people who never open a terminal; and the calendar that leads to each.

content.py      what a page shows
asking.py       what of it Google knows
gathering.py    the page's parts of the report and of what is known
changing.py     ... what the sets change at their vendors
timing.py       ... when what was made, and what waited for what
charts.py       as SVG
rendering.py    page.html.j2 and calendar.html.j2
shelf.py        <landing>/pages
publishing.py   the bucket, or a folder
making.py       after a run, and by hand
"""
