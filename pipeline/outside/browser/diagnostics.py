"""What a page looked like when it was not what it should be: a picture and its source, with nobody's data in them.

Before either is taken, the page's own scripts are stopped and the page is masked where it stands: what was typed is
blanked, hidden values too, and of every text but a button's, a link's or an option's only the portal's own words are
left; the rest keeps its shape (errors.masked). Within a table a link is data as well.
"""

import re
from pathlib import Path

from selenium.webdriver.remote.webdriver import WebDriver

_MASK = Path(__file__).with_suffix(".js").read_text()
# What the pages of portals say themselves. No word here is anybody's name.
_WORDS = """
    a account all and answer application applications an available been by contact could database denied description
    district does download dynamic education error errors exception executing exist expired export failed found for go
    has have http in incorrect information is it loading locked log maintenance memory message not occurred of on
    page password please portal processing query report reporting reports request requested research resource role
    runtime school schools select server service session sign signed status submit system temporarily the this
    time timeout to trace try unable unavailable unexpected update user username was while with you your
    400 401 403 404 408 429 500 501 502 503 504
"""


def taken(driver: WebDriver, folder: Path, about: str) -> Path:
    """Write `<about>.png` and `<about>.html` into `folder`, for our eyes only; the former ones go. Returns the picture.

    Raises Selenium's WebDriverException when there is no page. The page is dead afterwards: see scripts().
    """
    scripts(driver, on=False)  # or they could write anew what was masked
    source = driver.execute_script(_MASK, _WORDS.split())
    picture = driver.get_screenshot_as_png()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    name = re.sub(r"\W+", "-", about).strip("-")
    _write(folder / f"{name}.html", source.encode())
    return _write(folder / f"{name}.png", picture)


def scripts(driver: WebDriver, *, on: bool) -> None:
    """Whether pages of this window may run their scripts. Ours run always."""
    parameters = {"cmd": "Emulation.setScriptExecutionDisabled", "params": {"value": not on}}
    driver.execute("executeCdpCommand", parameters)


def _write(path: Path, content: bytes) -> Path:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
