"""The operator's commands.

words.py      what each is called, and what may be said to it
answers.py    how each answers: a text, or JSON; the exit codes
running.py    a morning is run, or asked about; the catalogue and the doctor
deciding.py   a person decides about a delivery
asking.py     a question is answered
changing.py   what the next run does otherwise; a district or a server is set up
"""
