"""What the stand-in has translated is kept for the next process."""

from pathlib import Path

import pytest

from pipeline.sandbox import translations
from pipeline.sandbox.translations import Translation


def test_what_was_kept_is_known_to_the_next_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / translations.FILE
    monkeypatch.setattr(translations, "_file", lambda: file)
    translations._known.cache_clear()
    kept = Translation("SELECT 1", ["number"], [["p", "d", "t"]], {"asked": "answer"})
    try:
        translations._keep("its key", kept)
        with file.open("a") as open_file:
            open_file.write('{"key": "half a li')  # as a kill leaves it
        translations._keep("another", kept)
        translations._known.cache_clear()
        assert translations._known() == {"its key": kept, "another": kept}
    finally:
        translations._known.cache_clear()
