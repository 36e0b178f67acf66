"""The operator's command, as a message tells it: so that it can be pasted from any folder."""

import os
import shlex
import shutil
from pathlib import Path

_OURS = Path(__file__).resolve().parents[2] / "morning"
_FOUND = shutil.which("morning")
# A district with a command of its own says which. Else `morning`, where that is this one, or the path of the script.
if _OWN := os.environ.get("MORNING_COMMAND"):
    MORNING = shlex.quote(_OWN)
else:
    MORNING = "morning" if _FOUND and Path(_FOUND).resolve() == _OURS else shlex.quote(str(_OURS))
