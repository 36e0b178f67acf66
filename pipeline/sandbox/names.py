"""Invented people: common first and last names, thrown together by chance.

Every character can be written in cp1252, so that the encoding fault (DOMAIN.md, F8) can damage every file.
"""

import unicodedata
from functools import lru_cache
from random import Random
from typing import NamedTuple

from pipeline.sandbox.dice import pick


class Name(NamedTuple):
    first: str
    middle: str
    last: str

    @property
    def listed(self) -> str:
        return f"{self.last}, {self.first}"

    @property
    def plain(self) -> str:
        """As in a mail address: `sean.obrien`."""
        return f"{_plain(self.first)}.{_plain(self.last)}"


_FIRST = """
Aaliyah Abigail Adrian Aiden Alejandro Alicia Amara Amir Ana Andre Angela Anthony Aria Asher Ava Beatriz Benjamin
Bianca Blake Brandon Brianna Caleb Camila Carlos Carmen Charlotte Chloé Christian Clara Connor Daisy Damian Daniel
David Deja Diego Dominic Eduardo Elena Eli Elijah Elizabeth Emily Emma Esperanza Ethan Eva Ezra Fatima Felix
Fernando Gabriel Genesis Grace Hannah Hassan Henry Hugo Imani Isaac Isabella Isaiah Ivan Jacob Jada Jaime Jasmine
Javier Jayden Jesús Joanna Jordan José Joseph Joshua Juan Julia Kayla Keisha Kevin Khalil Laila Lauren Leah Leo
Liam Lily Logan Lucas Lucía Luis Luna Madison Malik Marcus María Mateo Maya Micah Miguel Mila Mohamed Naomi Natalie
Nathan Nevaeh Nia Noah Noor Nora Olivia Omar Owen Paige Paola Parker Patrick Penelope Priya Quinn Rafael Rania
Renée Riley Roberto Rosa Ruby Ryan Samantha Samuel Santiago Sara Sebastián Serenity Simone Sofía Sophia Stella
Tariq Thomas Trinity Tyler Valentina Valeria Victor Violet Vivian William Ximena Yasmin Yusuf Zachary Zainab Zoë
Anne-Marie Jean-Luc D'Andre Ja'Nae
"""

_LAST = """
Abdi Acosta Adams Aguilar Alexander Ali Allen Alvarez Anderson Bailey Baker Banks Barnes Bell Bennett Brooks Brown
Bryant Butler Campbell Carter Castillo Chavez Clark Coleman Collins Cook Cooper Cox Cruz Davis Díaz Edwards Evans
Fisher Flores Ford Foster Freeman Garcia García Gibson Gomez González Gray Green Griffin Gutiérrez Haji Hall Harris
Hassan Hayes Henderson Hernandez Hill Howard Hughes Ibrahim Jackson James Jenkins Jiménez Johnson Jones Jordan Kelly
Khan King Kumar Lê Lee Lewis Long López Martin Martínez Mendoza Miller Mitchell Moore Morales Morgan Morris Muñoz
Murphy Murray Nelson Nguyen Núñez Ortiz Parker Patel Patterson Peña Pérez Perry Peterson Phillips Powell Price Ramirez
Ramos Reed Reyes Richardson Rivera Roberts Robinson Rodriguez Rogers Ross Ruiz Russell Sánchez Sanders Scott Simmons
Singh Smith Stewart Sullivan Taylor Thomas Thompson Torres Tran Turner Vargas Vásquez Walker Ward Washington Watson
West White Williams Wilson Wood Wright Young Zamora O'Brien O'Connor O'Neal D'Angelo Smith-Jones Reyes-Cruz
"""
FIRST = _FIRST.split()
LAST = [*_LAST.split(), "De La Cruz", "García Márquez", "St. Cyr", "Vander Meer", "Smith, Jr.", "Brown, III"]

# The names that break programs; the first seats and the first posts of every server have them, at every size.
AWKWARD = (
    Name("Seán", "", "O'Brien"),
    Name("Lucía", "María", "Núñez"),
    Name("Walter", "J.", "Smith, Jr."),
    Name("Ana Sofía", "", "García Márquez"),
    Name('William "Bill"', "Lee", "D'Angelo-Price"),
    Name("Zoë", "de los Ángeles", "Ångström"),
)

_MIDDLE = [*FIRST[:60], *["J.", "A.", "M."] * 5, *[""] * 30]


def any_name(rng: Random) -> Name:
    return Name(pick(rng, FIRST), pick(rng, _MIDDLE), pick(rng, LAST))


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Lower-case ASCII letters only."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).lower() if "a" <= c <= "z")
