"""The operator's command, as a message tells it: so that it can be pasted from any folder."""

import shlex
import shutil
from pathlib import Path

_OURS = Path(__file__).resolve().parents[2] / "morning"
_FOUND = shutil.which("morning")
# `morning` where it is this one that is installed, else the path of the script.
MORNING = "morning" if _FOUND and Path(_FOUND).resolve() == _OURS else shlex.quote(str(_OURS))
