"""The dead man's switch: an address that is called at the begin and the end of each run, as healthchecks.io has it.

Who looks after it hears of a run that did not begin, or did not end. `/start` is called at the begin, the address
itself when the run ended well, and `/fail` when it did not.
"""

import urllib.parse
from typing import Literal

from pipeline.ground import border, secrets, settings
from pipeline.ground.errors import PipelineError
from pipeline.ground.patience import bounded

# Seconds for one call.
PATIENCE = 5.0
Sign = Literal["start", "success", "fail"]


def call(sign: Sign, words: str = "") -> list[str]:
    """Call the address, with `words` as what it is told; returns what went wrong. Never raises; nothing to do where no
    address is configured."""
    name = settings.load().notify.heartbeat
    if not name:
        return []
    try:
        with border.around("the heartbeat", f"calling the address of the secret {name}", passing=(TimeoutError,)):
            answer = bounded(PATIENCE, lambda: _posted(_signed(_address(name), sign), words), "the heartbeat")
    except PipelineError as error:
        return [secrets.told(error)]
    except TimeoutError:
        answer = 0
    if 200 <= answer < 300:
        return []
    return [
        f"found: the heartbeat's address {f'answers {answer}' if answer else f'does not answer in {PATIENCE:g} s'}\n"
        f"expected: 200\nnext: nothing to do when it passes; else correct the secret {name}"
    ]


def _address(name: str) -> str:
    url = secrets.read(name).strip()
    secrets.holds([url, *(part for part in urllib.parse.urlsplit(url).path.split("/") if len(part) > 9)])
    return url


def _signed(url: str, sign: Sign) -> str:
    """`https://hc-ping.com/<uuid>/start`; what is asked of the address stays behind its path."""
    if sign == "success":
        return url
    parts = urllib.parse.urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{sign}").geturl()


def _posted(url: str, words: str) -> int:
    """The status that is answered; 0 when nobody answers."""
    import requests  # Google's clients bring it

    try:
        return requests.post(url, data=words.encode(), timeout=PATIENCE).status_code
    except requests.RequestException:  # its words hold the address
        return 0
