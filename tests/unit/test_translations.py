"""What the stand-in has translated is kept for the next process."""

from pathlib import Path

import pytest

from pipeline.sandbox import translations
from pipeline.sandbox.translations import Names, Translation


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


def test_a_run_s_own_names_are_numbers_and_come_back() -> None:
    first, second = "rosters__students__20251118_0123abcd", "rosters__students__20251117_ffffffff"
    sql = f"SELECT * FROM `d.{first}` JOIN `d.{second}` USING (id) WHERE day = '20251118' AND id < 20251118"  # noqa: S608
    names = Names(sql)
    other = sql.replace("20251118_0123abcd", "20260105_89abcdef").replace("20251117_ffffffff", "20251118_0123abcd")
    assert names.numbered(sql) == Names(other).numbered(other) != sql
    assert names.named(names.numbered(sql)) == sql
    assert Names(other).named(names.numbered(sql)) == other
    both = sql.replace(second, first)
    assert Names(both).numbered(both) != names.numbered(sql)
    assert names.numbered("another__20251119_00000001") == "another__20251119_00000001"
