"""No value of a file, and no secret, in anything that is written: messages, logs, the visualiser."""

import ast
import base64
import datetime as dt
import html
import io
import json
import logging
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import requests
from google.api_core.exceptions import GoogleAPIError
from hypothesis import given
from hypothesis import strategies as st

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.chain.tasks import LandedFile
from pipeline.ground import cloud, masking, secrets
from pipeline.ground.errors import ConfigurationError, ContractBroken, PipelineError, VendorUnreachable, masked

from .conftest import Configure

Work = Callable[[], object]

# ------------------------------------------------------------------------------------------------------ masked


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("0004127", "'9999999'"),
        ("Núñez", "'aaaaa'"),
        ("11/23/2026", "'99/99/9999'"),
        ("o_b@x.org", "'a_a@a.aaa'"),
        ("", "''"),
        ("x" * 25, f"'{'a' * 24}…'"),
        ("٣٤ 学校", "'99 aa'"),
    ],
)
def test_masked_shows_the_form(value: str, shape: str) -> None:
    assert masked(value) == shape


@given(st.text())
def test_masked_holds_no_letter_and_no_digit(value: str) -> None:
    shape = ast.literal_eval(masked(value))
    assert {letter for letter in shape if letter.isalnum()} <= {"a", "9"}
    assert len(shape) <= 25


# -------------------------------------------------------------------------------------- what BigQuery says

# As BigQuery (and the stand-in) word them; the values are invented.
GOOGLE = [
    "400 Error while reading data, error message: Could not parse 'Zanzibar' as INT64 for field student_number "
    "(position 3) starting at location 1234 with message 'Unable to parse' File: gs://riverbend/students.csv",
    "400 Could not parse 'O'Zanzibar' as NUMERIC for field gpa (position 3)",
    "400 Could not parse 'Zan zibar, Jr.' as DATE for field dob (position 3)",
    "400 Bad int64 value: Ann Zanzibar; reason: invalidQuery, location: query, message: Bad int64 value: Ann Zanzibar",
    'Could not cast literal "Zanzibar" to type DATE at [1:8]',
    "Invalid date: 'Zan\nzibar'",
    "Invalid NUMERIC value: Zanzibar",
    "Could not cast Ann Zanzibar to INT64",
    "Conversion Error: Could not convert string 'Zanzibar' to INT64",
    "400 CSV processing encountered too many errors. Value: Zanzibar",
    "400 Unable to parse 'Zanzibar" + "x" * 500,
]


@pytest.mark.parametrize("message", GOOGLE)
def test_no_value_of_a_row_in_what_bigquery_says(message: str) -> None:
    shown = cloud.without_values(message)
    assert not [word for word in ("Zan", "zibar", "Ann") if word in shown]
    assert "a" * 3 in shown
    assert len(shown) <= 450


@pytest.mark.parametrize(
    "message",
    [
        "404 Not found: Table riverbend:misc_imports.scores was not found in location US",
        "400 Required field gpa cannot be null",
        "403 Access Denied: Dataset riverbend:eis: Permission bigquery.tables.get denied",
    ],
)
def test_what_names_no_value_stays(message: str) -> None:
    assert cloud.without_values(message) == message


def test_field_and_place_stay() -> None:
    shown = cloud.without_values(GOOGLE[0])
    assert "as INT64 for field student_number (position 3) starting at location 1234" in shown
    assert shown.endswith("File: gs://riverbend/students.csv")


# ------------------------------------------------------------------------------- names of ours are no data


NOTHING: dict[str, str] = {}


def test_all_names_of_the_catalogue_are_known() -> None:
    names = flows.names()
    assert {"students", "clever_rosters", "savvas", "students.csv", "student_number"} <= names
    assert all(map(masking.known, names))


def raised(work: Work) -> str:
    with pytest.raises(Exception) as caught:
        work()
    return secrets.without_data(caught.value)


def refused_by_google() -> None:
    with cloud.STORAGE.explained("listing gs://riverbend-morning/eis"):
        raise GoogleAPIError("HTTPConnectionPool(host='127.0.0.1', port=9023): no '/storage/v1/b?prettyPrint=x'")


@pytest.mark.parametrize(
    ("work", "stays"),
    [
        (lambda: NOTHING["student_number"], "'student_number'"),
        (lambda: NOTHING["clever_rosters"], "'clever_rosters'"),
        (lambda: NOTHING["TN-Options Report 2014.txt"], "KeyError"),
        (lambda: requests.get("http://127.0.0.1:99999/api/graph", timeout=1), "http://127.0.0.1:99999/api/graph"),
        (lambda: urllib.request.urlopen("127.0.0.1:99/x"), "unknown url type: 127.0.0.1"),  # noqa: S310
        (lambda: b"ab\xf1".decode(), "'utf-8' codec"),
        (lambda: [][3], "list index out of range"),
        (lambda: int("Zanzibar"), "invalid literal for int() with base 10: 'aaaaaaaa'"),
        (lambda: Path("/nowhere/at/all").read_text(), "/nowhere/at/all"),
        (refused_by_google, "host='127.0.0.1', port=9023"),
        (refused_by_google, "'/storage/v1/b?prettyPrint=x'"),
    ],
)
def test_hosts_paths_parameters_and_columns_are_shown(work: Work, stays: str) -> None:
    assert stays in raised(work)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("cannot reach 'storage.googleapis.com'", "'storage.googleapis.com'"),
        ("cannot reach 'sftp.vendor.example:22'", "'sftp.vendor.example:22'"),
        ("cannot reach sftp.vendor.example:22", "sftp.vendor.example:22"),
        ("cannot reach 10.1.2.3:22", "10.1.2.3:22"),
        ("got 'http://127.0.0.1:9050/x?student=Jane&z=2'", "'http://127.0.0.1:9050/x?student=…&z=…'"),
        ("got http://127.0.0.1:9050/x?student=Jane", "http://127.0.0.1:9050/x?…"),
    ],
)
def test_hosts_with_their_ports_and_what_is_asked_of_them(configure: Configure, said: str, shown: str) -> None:
    configure(sftp__savvas={"host": "sftp.vendor.example", "port": "22", "user": "riverbend"})
    told = masking.without_values(said)
    assert shown in told
    assert "Jane" not in told


@pytest.mark.parametrize(
    "path",
    [
        *(
            "var/landing/cc/2026-11-23/RSD/cc.csv",
            "pipeline/schemas/eis/AllErr_stack.json",
            "./pipeline/catalogue/feed.py",
        ),
        *("/srv/drop/powerschool_rsd/students.csv", "/tmp/x/y", "/var", "/", "../pipeline/sql", "/srv/a b.csv"),
        *("deliveries/2026-11-23/otus_scores/receipt.json", "powerschool_combined/2026-11-23/students.csv"),
        *("/SIS/STUDENT.txt", "/PS_imports", "Reports/x.txt", "powerschool_rsd/students.csv", "extracts/x.csv"),
        *("/storage/v1/b", "/bigquery/v2/projects/x/jobs", "/upload/storage/v1/b/x/o", "/api/graph"),
        *("gs://riverbend-morning/eis/x.csv", "https://sftp.vendor.example:8443/a/b", "sftp://vendor.example/SIS"),
        *(f"{Path(__file__)}", f"{Path(masking.__file__).parents[1]}/var/landing/cc.csv"),
        *("Mornings/of/Riverbend", "Mornings/of/Riverbend/cc/cc.csv", "/data/of/ours/x.csv"),
    ],
)
def test_a_path_of_ours_is_shown_relative_or_not(configure: Configure, path: str) -> None:
    configure(district={"landing": "Mornings/of/Riverbend", "drop": "/data/of/ours"})
    assert masking.known(path)
    assert repr(path) in masking.without_values(f"cannot open {path!r}")
    if " " not in path:
        assert f"open {path}: no" in masking.without_values(f"cannot open {path}: no")


@pytest.mark.parametrize(
    "value",
    [
        *(
            "/Jane",
            "Jane/",
            "Doe/Jane",
            "/Doe/Jane",
            "//Jane",
            "./Jane",
            "../Jane/Doe",
            "~/Jane",
            "~Jane/x",
            "s/o Jane",
        ),
        *(
            "11/23/2014/Jane",
            "Jane/var/landing",
            "Jane/pipeline",
            "/Jane/SIS",
            "/SISJane",
            "/srvJane",
            "varJane/landing",
        ),
        *(
            "first_name/Jane",
            "student_number/Jane",
            "students/Jane",
            "RSD/Jane",
            "/pipeline/Jane",
            "Jane?x=1",
            "/Jane?x=1",
        ),
        *("jane@Jane/x", "Jane:/x", "Mornings/Jane", "mailto:Jane/x"),
    ],
)
def test_a_slash_makes_no_path(configure: Configure, value: str) -> None:
    configure(district={"landing": "Mornings/of/Riverbend"})
    assert not masking.known(value)
    for message in (f"invalid {value!r}", f"invalid {value}", f'"{value}" is invalid', f"{value}: invalid"):
        assert "Jane" not in masking.without_values(message), message


@pytest.mark.parametrize("address", ["http://127.0.0.1:9050/x", "https://vendor.example/x", "/storage/v1/b", "var/log"])
@pytest.mark.parametrize(
    ("asked", "quoted"),
    [
        ("x=Jane&a=2", "x=…&a=…"),
        ("x=Jane&alt=json&prettyPrint=false", "x=…&alt=json&prettyPrint=false"),
        ("Jane", "…"),
        ("alt=Jane/Doe", "alt=…"),
        ("x=Jane#Jane", "x=…"),
        ("x=Jane,Jane;Jane", "x=…"),
        ("x=a=Jane&&y=(Jane)", "x=…&&y=…"),
        ("Jane-Doe'=1", "…"),
        ("x=", "x=…"),
        ("", ""),
    ],
)
def test_what_is_asked_of_an_address_leaves_no_fragment(address: str, asked: str, quoted: str) -> None:
    shown = masking.shown(f"{address}?{asked}")
    assert shown == repr(f"{address}?{quoted}")
    for message in (f"no answer of {address}?{asked}: error", f'no answer of "{address}?{asked}"'):
        told = masking.without_values(message)
        assert "Jane" not in told
        assert address in told
        assert not re.search("[=&]a|a&", told.replace(shown, "")), told


def test_what_the_configuration_names_is_shown(configure: Configure) -> None:
    configure(sftp__savvas={"host": "sftp.vendor.example", "port": "22", "user": "riverbend"})
    assert "'sftp.vendor.example'" in raised(lambda: NOTHING["sftp.vendor.example"])


@pytest.mark.parametrize(
    "message",
    [
        "'Zanzibar'",
        "could not convert string to float: 'Ann Zanzibar'",
        "CSV parse error: Expected 2 columns, got 3: Zanzibar,Ann,day",
        "In CSV column #0: CSV conversion error to int64: invalid value 'Zanzibar'",
        "time data '12/13/2014' does not match format '%Y'",
        "Zanzibar is none of the values",
        "not enough values: O'Zanzibar, Ann",
        "row 3 of Zanzibar-Ann",
    ],
)
def test_values_are_not_shown(message: str) -> None:
    shown = secrets.without_data(ValueError(message))
    assert not [word for word in ("Zanzibar", "Ann", "2014", "12/13") if word in shown]


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Nd", "Zs"]), min_size=5))
def test_no_quoted_value_is_shown_unless_it_is_a_name(value: str) -> None:
    shown = secrets.without_data(KeyError(value))
    assert masking.known(value) or repr(value) not in shown or not set(value) - set("a9 ")


# ------------------------------------------------------------------------------------------ reading a secret


@pytest.fixture
def folder(configure: Configure, tmp_path: Path) -> Path:
    place = tmp_path / "kept"
    place.mkdir(mode=0o700)
    configure(secrets={"folder": str(place), "secret_manager_project": ""})
    return place


def put(folder: Path, text: str, mode: int = 0o600) -> None:
    (folder / "otus_password").write_text(text)
    (folder / "otus_password").chmod(mode)


def test_secret_out_of_a_file_without_its_line_end(folder: Path) -> None:
    put(folder, " blue horse \r\n")
    assert secrets.read("otus_password") == " blue horse "


def test_environment_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "blue horse", mode=0o644)
    monkeypatch.setenv("PIPELINE_SECRET_OTUS_PASSWORD", "red fox")
    assert secrets.read("otus_password") == "red fox"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o610, 0o601])
def test_file_that_others_may_touch_is_refused(folder: Path, mode: int) -> None:
    put(folder, "blue horse", mode)
    with pytest.raises(ConfigurationError, match=f"mode {mode:04o}") as caught:
        secrets.read("otus_password")
    assert "chmod 600" in caught.value.next_step
    assert "horse" not in str(caught.value)


def test_read_only_file_is_taken(folder: Path) -> None:
    put(folder, "blue horse", mode=0o400)
    assert secrets.read("otus_password") == "blue horse"


@pytest.mark.parametrize("text", ["", "\n", "\r\n"])
def test_empty_secret_is_refused(folder: Path, text: str) -> None:
    put(folder, text)
    with pytest.raises(ConfigurationError, match="the secret otus_password is empty"):
        secrets.read("otus_password")


def test_empty_variable_is_not_passed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "blue horse")
    monkeypatch.setenv("PIPELINE_SECRET_OTUS_PASSWORD", "")
    with pytest.raises(ConfigurationError, match="empty"):
        secrets.read("otus_password")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_a_secret_that_is_no_utf8_is_told_as_that(folder: Path, codec: str) -> None:
    put(folder, "")
    (folder / "otus_password").write_bytes("blaue Fährte".encode(codec))
    with pytest.raises(ConfigurationError, match=r"it is no UTF-8 text") as caught:
        secrets.read("otus_password")
    assert "hrte" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_a_secret(folder: Path) -> None:
    put(folder, "\ufeffblue horse\r\n")
    assert secrets.read("otus_password") == "blue horse"


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), ZeroDivisionError("blue horse")])
def test_what_nobody_foresaw_is_told_without_a_word_of_the_secret(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    put(folder, "blue horse")

    def breaks(_: Path) -> bytes:
        raise error

    monkeypatch.setattr(Path, "read_bytes", breaks)
    with pytest.raises(ConfigurationError, match="the secret otus_password cannot be read") as caught:
        secrets.read("otus_password")
    assert "horse" not in str(caught.value)


def test_a_variable_that_is_no_utf8(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_OTUS_PASSWORD", "\udcfcber")
    with pytest.raises(ConfigurationError, match="it is no UTF-8 text"):
        secrets.read("otus_password")


def test_missing_secret_says_where_it_was_looked_for(folder: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        secrets.read("otus_password")
    assert "PIPELINE_SECRET_OTUS_PASSWORD" in caught.value.expected
    assert str(folder / "otus_password") in caught.value.expected


# ------------------------------------------------------------------------------------------------------- logs


@pytest.fixture
def log() -> io.StringIO:
    """What a handler writes of the logger `unit`."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("unit")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG)
    return text


@pytest.fixture
def known(folder: Path) -> str:
    put(folder, "50% blue %s horse")
    return secrets.read("otus_password")


def test_secret_is_redacted_in_message_and_arguments(log: io.StringIO, known: str) -> None:
    logger = logging.getLogger("unit")
    logger.info("login with " + known)
    logger.info("login with %s, %r", known, {"password": known})
    logger.info({"password": known})
    assert known not in log.getvalue()
    assert log.getvalue().count("[redacted]") == 4


def test_longer_secret_goes_before_the_one_it_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("A", "horse"), ("B", "horse and cart")):
        monkeypatch.setenv(f"PIPELINE_SECRET_{name}", value)
        secrets.read(name.lower())
    assert secrets.redact("a horse and cart, a horse") == "a [redacted], a [redacted]"


@pytest.mark.parametrize("secret", ["50% blue/horse&+é'\"", "päßwörd 7?", "p@ss:w/ord#1", "back\\slash\ttab"])
@pytest.mark.parametrize(
    "form",
    [
        repr,
        lambda secret: repr(secret.encode()),
        json.dumps,
        lambda secret: json.dumps(secret, ensure_ascii=False),
        html.escape,
        urllib.parse.quote,
        urllib.parse.quote_plus,
        lambda secret: urllib.parse.urlencode({"password": secret}),
        lambda secret: f"sftp://user:{urllib.parse.quote(secret, safe='')}@host/",
        *(
            lambda secret, user=user: base64.b64encode(f"{user}:{secret}".encode()).decode()
            for user in ("a", "ab", "abc", "riverbend")
        ),
        lambda secret: base64.urlsafe_b64encode(f"user:{secret}:more".encode()).decode(),
    ],
)
def test_secret_is_redacted_in_every_form(
    folder: Path, log: io.StringIO, secret: str, form: Callable[[str], str]
) -> None:
    put(folder, secret)
    secrets.read("otus_password")
    logging.getLogger("unit").info("said: %s", form(secret))
    assert "[redacted]" in log.getvalue()
    assert form(secret).strip("'\"=") not in log.getvalue()
    if "said: [redacted]" not in log.getvalue():  # what is left of base64 gives less than a group of it away
        left = "".join(re.findall(r"[A-Za-z0-9+/]{9,}", log.getvalue().replace("[redacted]", "")))
        assert secret.encode()[3:] not in base64.b64decode(left + "=" * (-len(left) % 4))


THREAD = """
import logging, sys, threading
from pathlib import Path
from pipeline.ground import secrets
logging.basicConfig(filename=sys.argv[1])
secrets.guard()
secrets._known.update(secrets._forms("blue horse"))
def broken(error):
    raise error
for error in (OSError("cannot log in with blue horse"), KeyError("Zanzibar")):
    thread = threading.Thread(target=broken, args=(error,))
    thread.start()
    thread.join()
class Left:
    def __del__(self):
        raise OSError("blue horse")
Left()
raise ValueError("blue horse of Zanzibar")
"""


@pytest.mark.parametrize("secret", ["pa'ssw0rd", 'pa"ssw0rd', "pä/ssw0rd", "a\\'\"&ssw0rd", "plain-ssw0rd"])
def test_secret_is_redacted_wherever_one_writing_stands_in_another(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "_known", {*secrets._forms(secret)})
    bodies = [json.dumps({"password": secret}), json.dumps({"password": secret}, ensure_ascii=False)]
    told = [repr({"a": '"', "password": secret}), repr(f'"{secret}'), repr(f"'{secret}"), repr(secret.encode())]
    told += bodies + [body.replace("/", "\\/") for body in bodies] + [repr(body) for body in bodies]
    told += [json.dumps(body) for body in bodies] + [json.dumps(repr(secret))]
    told += [html.escape(secret), html.escape(secret).replace("&#x27;", "&#39;"), html.escape(secret, quote=False)]
    address = urllib.parse.quote(secret, safe="")
    told += [address, re.sub("%..", lambda byte: byte[0].lower(), address)]
    for text in told:
        assert "ssw0rd" not in secrets.redact(text), text
        assert "[redacted]" in secrets.redact(text)


def test_what_nobody_catches_is_reported_without_secret_and_data(tmp_path: Path) -> None:
    """In any thread, in a finalizer, and at the end of the process."""
    done = subprocess.run(
        [sys.executable, "-c", THREAD, str(tmp_path / "log")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    for said in (done.stderr, (tmp_path / "log").read_text()):
        assert said.count("Error: ") >= 4, said
        assert "blue horse" not in said
        assert "Zanzibar" not in said


def test_secret_is_redacted_in_a_traceback(log: io.StringIO, known: str) -> None:
    try:
        raise OSError(f"cannot log in with {known}")
    except OSError:
        logging.getLogger("unit").exception("broken")
    assert known not in log.getvalue()
    assert "OSError: cannot log in with [redacted]" in log.getvalue()
    assert "test_masking.py" in log.getvalue()  # the place is told


WORD = "Zanzibar"


def data_carrying() -> list[Exception]:
    """Errors whose messages quote what they were working on."""
    nothing: dict[str, str] = {}
    errors: list[Exception] = []
    works: list[Work] = [
        lambda: nothing[WORD],
        lambda: int(WORD),
        lambda: dt.date.fromisoformat(WORD),
        lambda: pc.cast(pa.array([WORD]), pa.int64()),
    ]
    for work in works:
        with pytest.raises((ValueError, LookupError), match=WORD) as caught:
            work()
        errors.append(caught.value)
    return errors


def test_data_in_an_exception_is_masked_in_logs(log: io.StringIO) -> None:
    for error in data_carrying():
        try:
            raise RuntimeError("outer") from error
        except RuntimeError:
            logging.getLogger("unit").exception("broken")
        logging.getLogger("unit").error("broken", exc_info=error)
    assert WORD not in log.getvalue()
    assert "ValueError: " in log.getvalue()


def test_a_wrong_log_call_ends_nothing(log: io.StringIO) -> None:
    logging.getLogger("unit").info("%d of %s", "three")
    assert "%d of %s (with other arguments than it names)" in log.getvalue()


# --------------------------------------------------------------------------------------------- the visualiser


@pytest.fixture
def task() -> LandedFile:
    return LandedFile(date=dt.date(2026, 11, 23), feed=catalogue.feeds()["students"], part="RSD")


def test_data_in_an_exception_is_masked_in_the_visualiser(task: LandedFile) -> None:
    for error in data_carrying():
        shown = task.on_failure(error)
        assert WORD not in shown
        assert type(error).__name__ in shown


def test_secret_is_redacted_in_the_visualiser(task: LandedFile, known: str) -> None:
    assert known not in task.on_failure(OSError(known))
    assert known not in task.on_failure(VendorUnreachable(known, expected="an answer", next_step="wait"))


def test_our_own_errors_are_shown_whole(task: LandedFile) -> None:
    refusal = ContractBroken("file a.csv, line 3: 2 fields", expected="3 fields", next_step="ask the vendor")
    assert task.on_failure(refusal) == str(refusal)


def test_an_error_is_three_sentences() -> None:
    error = PipelineError("a", expected="b", next_step="c")
    assert str(error) == "found: a\nexpected: b\nnext: c"
    assert (error.found, error.expected, error.next_step) == ("a", "b", "c")


def test_two_threads_that_show_something_at_once_know_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the second one shows names of ours as shapes, or what it meets in the list takes the error's place."""
    begun, may_go = threading.Event(), threading.Event()

    def slowly() -> list[str]:
        begun.set()
        assert may_go.wait(10)
        return ["a_name_of_ours"]

    def fails() -> list[str]:
        raise KeyError("out of the blue")

    monkeypatch.setattr(masking, "_unasked", [(masking.name, slowly), (masking.name, fails)])
    monkeypatch.setattr(masking, "_names", {*masking._names})
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(masking.known, "a_name_of_ours")
        assert begun.wait(10)
        second = pool.submit(masking.known, "a_name_of_ours")
        may_go.set()
        assert (first.result(10), second.result(10)) == (True, True)
    assert [words for _, words in masking._unasked] == [fails]
