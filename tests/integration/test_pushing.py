"""Sets at the vendor, whole or completed by the next push, whatever breaks and whoever is killed, on both servers."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import sshd
from pipeline.ground.errors import OnHold, TransferIncomplete, VendorError, VendorUnreachable
from pipeline.outside.sftp import connections, sftp
from pipeline.outside.sftp.pushing import Push, Trail, overwritten, replaced, swapped_in
from pipeline.sandbox.faults import FaultFile
from riverbend import Sandbox
from shops import (
    GREETINGS,
    NAMES,
    SIZES,
    WAYS,
    Server,
    Shop,
    all_are_whole,
    at_the_login,
    on,
    one_is_whole,
    opened,
    size,
    the_first_is_half,
    the_first_is_swapped_in,
    the_last_is_swapped_in,
)


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def on_sshd(debian: sshd.Sshd, tmp_path: Path) -> Server:
    return on(debian, tmp_path.name)


@pytest.fixture
def on_sandbox(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    port = sandbox.ports["ellevation"]
    pinned = (sandbox.folder / "known_hosts").read_text().splitlines()
    pin = next(line.partition(" ")[2] for line in pinned if line.startswith(f"[127.0.0.1]:{port} "))
    monkeypatch.setenv("PIPELINE_SECRET_THERE_PASSWORD", sandbox.password("ellevation"))
    root = sandbox.folder / "sftp" / "ellevation" / tmp_path.name
    return Server(port, "riverbend-ellevation", "", pin, f"/{root.name}", root)


@pytest.fixture(params=["on_sshd", "on_sandbox"])
def shop(
    request: pytest.FixtureRequest, own_bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    with opened(request.getfixturevalue(request.param), own_bucket, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def strict(on_sandbox: Server, own_bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """On the sandbox's server, whose rules a test can change."""
    with opened(on_sandbox, own_bucket, tmp_path, monkeypatch) as found:
        yield found


BEFORE = (at_the_login, the_first_is_half, one_is_whole, all_are_whole)
swapping = pytest.mark.parametrize("way", [swapped_in, replaced], ids=["swapped_in", "replaced"])
every_way = pytest.mark.parametrize("way", WAYS, ids=WAYS.values())


# ------------------------------------------------------------------------------------------------------ nobody disturbs


@every_way
def test_a_set_takes_the_place_of_the_one_before(shop: Shop, way: Push) -> None:
    shop.way = way
    for name in NAMES[:2]:
        shop.temporary(name).write_bytes(b"left by a killed run" * 50_000)
    assert list(shop.push().sizes.values()) == list(SIZES)
    assert shop.all() == sorted(NAMES)
    assert shop.new() == list(NAMES)
    assert shop.sent == [sum(SIZES)]
    assert shop.line.connections == 1
    assert shop.trail.path.stat().st_mode & 0o777 == 0o600
    shop.trail.end()
    shop.make("tomorrow")
    (shop.root / NAMES[1]).unlink()  # the vendor has taken it
    shop.push()
    assert shop.all() == sorted(NAMES)
    assert shop.new() == list(NAMES)


@swapping
def test_all_is_there_before_the_first_is_swapped_in_and_then_they_follow_in_order(
    strict: Shop, sandbox: Sandbox, way: Push
) -> None:
    strict.way = way
    before = len(sandbox.events("sftp-ellevation"))
    strict.push()
    done = [(event["event"], Path(event.get("to", event["path"])).name) for event in after(sandbox, before)]
    assert sorted(done[:4]) == sorted(("write", f".{name}.part") for name in NAMES)
    swap = ("rename",) if way is swapped_in else ("remove", "rename")
    assert done[4:] == [(event, name) for name in NAMES for event in swap]


def test_without_temporary_names_one_is_written_after_the_other(strict: Shop, sandbox: Sandbox) -> None:
    faults = FaultFile(sandbox.folder / "faults.json")
    faults.switch_on("no-temporary", "ellevation", {})
    faults.switch_on("no-rename", "ellevation", {"onto_existing": False})
    strict.way = overwritten
    before = len(sandbox.events("sftp-ellevation"))
    strict.push()
    assert [(event["event"], Path(event["path"]).name) for event in after(sandbox, before)] == [
        ("write", name) for name in NAMES
    ]
    assert strict.new() == list(NAMES)


def after(sandbox: Sandbox, before: int) -> list[dict[str, str]]:
    """What was changed at the vendor since so many events."""
    return [each for each in sandbox.events("sftp-ellevation")[before:] if "path" in each]


# -------------------------------------------------------------------------------------------------- what vendors forbid


def test_who_cannot_rename_onto_a_file_names_the_word_to_write(strict: Shop, sandbox: Sandbox) -> None:
    FaultFile(sandbox.folder / "faults.json").switch_on("no-rename", "ellevation", {"onto_existing": True})
    before = strict.state()
    with pytest.raises(VendorError, match=r"refuses: Refused Rename(.|\n)*push=replaced") as refused:
        strict.push()
    assert "beside old ones" not in str(refused.value)
    assert strict.state() == before
    strict.way = replaced
    strict.push()
    assert strict.new() == list(NAMES)
    assert strict.sent == []  # all was there already
    assert strict.all() == sorted(NAMES)


def test_who_forbids_temporary_names_names_the_word_to_write(strict: Shop, sandbox: Sandbox) -> None:
    FaultFile(sandbox.folder / "faults.json").switch_on("no-temporary", "ellevation", {})
    before = strict.state()
    for way in (swapped_in, replaced):
        strict.way = way
        with pytest.raises(VendorError, match=r"refuses: PermissionError(.|\n)*push=overwritten"):
            strict.push()
    assert strict.state() == before


def test_who_renames_nothing_is_told_so(strict: Shop, sandbox: Sandbox) -> None:
    FaultFile(sandbox.folder / "faults.json").switch_on("no-rename", "ellevation", {"onto_existing": False})
    before = strict.state()
    with pytest.raises(VendorError, match="push=overwritten"):
        strict.push()
    assert strict.state() == before
    strict.way = replaced
    with pytest.raises(VendorError, match=r"may be missing there now(.|\n)*push=overwritten"):
        strict.push()
    assert strict.state() == {name: before[name] for name in NAMES[1:]}
    strict.way = overwritten
    strict.push()
    assert strict.new() == list(NAMES)
    assert strict.all() == sorted(NAMES)


def test_a_disk_that_is_full_says_what_is_half(strict: Shop, sandbox: Sandbox) -> None:
    used = sum(path.stat().st_size for path in strict.root.parent.rglob("*") if path.is_file())
    full = FaultFile(sandbox.folder / "faults.json")
    full.switch_on("full", "ellevation", {"quota": used + 100_000})
    before = strict.state()
    with pytest.raises(VendorError, match="No space left") as refused:
        strict.push()
    assert "half" not in str(refused.value)
    assert strict.state() == before
    strict.way = overwritten
    full.switch_on("full", "ellevation", {"quota": 100_000})
    with pytest.raises(VendorError, match=r"schools\.csv may be half there, after 0 of 4 files"):
        strict.push()


def test_a_size_that_is_not_ours_swaps_nothing_in(shop: Shop) -> None:
    before = shop.state()
    shop.temporary(NAMES[0]).symlink_to("/dev/null")  # takes all and keeps nothing
    with pytest.raises(TransferIncomplete, match="has 0 bytes"):
        shop.push()
    assert shop.state() == before
    assert not shop.trail.path.exists()


# --------------------------------------------------------------------------------------------------- killed, by instant


@swapping
@pytest.mark.parametrize("when", BEFORE, ids=lambda when: when.__name__)
def test_killed_before_the_swap_the_old_set_stays(shop: Shop, way: Push, when: Callable[[Shop], bool]) -> None:
    shop.way = way
    before = shop.state()
    shop.kill_when(lambda: when(shop))
    assert shop.state() == before
    shop.push()
    assert shop.new() == list(NAMES)
    assert shop.all() == sorted(NAMES)
    assert shop.sent == ([] if when is all_are_whole else [sum(SIZES)])


@swapping
@pytest.mark.parametrize("when", [the_first_is_swapped_in, the_last_is_swapped_in], ids=lambda when: when.__name__)
def test_killed_in_the_swap_or_before_the_receipt_the_next_push_sends_nothing(
    shop: Shop, way: Push, when: Callable[[Shop], bool]
) -> None:
    shop.way = way
    shop.kill_when(lambda: when(shop))
    assert shop.new() == list(NAMES[:1] if when is the_first_is_swapped_in else NAMES)
    assert len(shop.state()) == len(NAMES)
    shop.push()
    assert shop.new() == list(NAMES)
    assert shop.all() == sorted(NAMES)
    assert shop.sent == []


@swapping
@pytest.mark.parametrize("missing", [False, True], ids=["between two files", "between removing and renaming"])
def test_every_state_of_the_swap_is_completed_without_our_files(shop: Shop, way: Push, missing: bool) -> None:
    shop.way = way
    yesterday = shop.state()
    shop.kill_when(lambda: all_are_whole(shop))
    stopped = {path.name: path.read_bytes() for path in shop.root.iterdir()}
    times = {path.name: path.stat().st_mtime for path in shop.root.iterdir()}
    told = shop.trail.path.read_bytes()
    for done in range(len(NAMES) + (not missing)):
        for name, content in stopped.items():
            (shop.root / name).write_bytes(content)
            os.utime(shop.root / name, (times[name], times[name]))
        for name in NAMES[:done]:
            shop.temporary(name).replace(shop.root / name)
        if missing:
            (shop.root / NAMES[done]).unlink()
        shop.trail.path.write_bytes(told)
        left = Trail.left(shop.trail.path)
        assert left is not None
        assert left.receipt == {"period": "2026-11-23"}
        given = sftp.finish(shop.vendor, shop.folder, left)
        assert given is not None
        assert given.sizes == dict(zip(NAMES, SIZES, strict=True))
        assert shop.new() == list(NAMES)
        assert shop.all() == sorted(NAMES)
    assert shop.state() != yesterday


@swapping
def test_a_half_set_is_completed_although_the_vendor_took_what_had_come(shop: Shop, way: Push) -> None:
    shop.way = way
    shop.kill_when(lambda: all_are_whole(shop))
    left = Trail.left(shop.trail.path)
    assert left is not None
    assert sftp.placed(shop.vendor, shop.folder, left) == set()
    connections.close_all()
    shop.kill_when(lambda: NAMES[0] in shop.trail.placed())
    (shop.root / NAMES[0]).unlink()
    assert left.given() is None
    assert NAMES[0] in sftp.placed(shop.vendor, shop.folder, left)
    given = sftp.finish(shop.vendor, shop.folder, left)
    assert given is not None
    assert shop.new() == list(NAMES[1:])
    assert shop.all() == sorted(NAMES[1:])
    receipt = left.given()
    assert receipt is not None
    assert (receipt["period"], receipt["host_key"]) == ("2026-11-23", given.host_key)


@every_way
def test_a_set_that_must_not_go_after_all_leaves_nothing(shop: Shop, way: Push) -> None:
    shop.way = way
    before = shop.state()

    def discarded() -> None:
        raise OnHold("discarded", expected="a set that may go", next_step="nothing")

    with pytest.raises(OnHold, match="discarded"):
        sftp.push(shop.vendor, shop.folder, shop.files, trail=shop.trail, may_go=discarded)
    assert shop.state() == before
    assert shop.all() == sorted(NAMES)
    assert not shop.trail.path.exists()
    shop.kill_when(lambda: NAMES[0] in shop.trail.placed())
    sftp.push(shop.vendor, shop.folder, shop.files, trail=shop.trail, may_go=discarded)  # a part of it has gone
    assert shop.new() == list(NAMES)


@every_way
def test_what_cannot_be_completed_is_sent_again(shop: Shop, way: Push) -> None:
    """The vendor has tidied up, or another machine has been there."""
    shop.way = way
    shop.kill_when(lambda: all_are_whole(shop))
    for path in shop.root.iterdir():
        path.unlink()
    left = Trail.left(shop.trail.path)
    assert left is not None
    assert sftp.finish(shop.vendor, shop.folder, left) is None
    assert shop.all() == []
    shop.push()
    assert shop.new() == list(NAMES)
    assert shop.sent == [sum(SIZES)]


@swapping
def test_another_set_after_a_kill_takes_nothing_of_the_first(shop: Shop, way: Push) -> None:
    shop.way = way
    shop.kill_when(lambda: the_first_is_swapped_in(shop))
    shop.make("corrected")
    assert shop.trail.path.exists()
    shop.kill_when(lambda: the_first_is_half(shop))
    assert not shop.trail.path.exists()
    shop.push()
    assert shop.new() == list(NAMES)
    assert shop.all() == sorted(NAMES)
    assert shop.sent == [sum(SIZES)]


@swapping
def test_what_a_killed_run_still_has_on_the_way_does_not_come_into_the_next_set(shop: Shop, way: Push) -> None:
    """A server may go on writing what it had received, into the file that it had opened, after the line has ended."""
    shop.way = way
    with shop.temporary(NAMES[0]).open("wb") as still_open:
        shop.push()
        still_open.write(b"late" * SIZES[0])
    assert shop.new() == list(NAMES)
    assert shop.all() == sorted(NAMES)


@pytest.mark.parametrize("half", [NAMES[0], NAMES[2]])
def test_killed_while_overwriting_one_file_is_half_and_the_next_push_begins_with_it(shop: Shop, half: str) -> None:
    shop.way = overwritten
    before, place = shop.state(), NAMES.index(half)
    shop.kill_when(lambda: list(shop.new()) == list(NAMES[:place]) and size(shop.root / half) < SIZES[place])
    now = shop.state()
    assert shop.new() == list(NAMES[:place])
    assert {name: now[name] for name in NAMES[place + 1 :]} == {name: before[name] for name in NAMES[place + 1 :]}
    assert shop.all() == sorted(NAMES)
    left = Trail.left(shop.trail.path)
    assert left is not None
    assert (left.placed(), left.begun()) == ({*NAMES[:place]}, {*NAMES[: place + 1]})
    assert sftp.finish(shop.vendor, shop.folder, left) is None
    shop.push()
    assert shop.new() == list(NAMES)
    assert left.begun() == left.placed() == {*NAMES}
    assert shop.sent == [sum(SIZES[place:])]
    assert sftp.finish(shop.vendor, shop.folder, left) is not None


# --------------------------------------------------------------------------------------------------- a line that breaks


@every_way
def test_a_line_that_breaks_anywhere_is_made_good_at_once(shop: Shop, way: Push) -> None:
    shop.way = way
    passed = 0

    def counted(moved: int) -> bool:
        nonlocal passed
        passed += 1
        return False

    shop.listing()  # a line that breaks within the login is another matter
    shop.line.breaks(counted)
    shop.push()
    pieces = passed
    for piece in range(1, pieces, max(1, pieces // 12)):
        shop.trail.end()
        shop.make(f"cut {piece}")
        shop.listing()
        passed = 0

        def at(moved: int, piece: int = piece) -> bool:
            nonlocal passed
            passed += 1
            return passed == piece

        shop.line.breaks(at)
        shop.push()
        assert shop.new() == list(NAMES), piece
        assert shop.all() == sorted(NAMES), piece


@swapping
def test_a_line_that_stays_broken_in_the_swap_says_what_is_there(shop: Shop, way: Push) -> None:
    shop.way = way
    shop.line.breaks(lambda moved: moved > GREETINGS and the_first_is_swapped_in(shop), times=99)
    with pytest.raises(VendorUnreachable, match="new files may be beside old ones"):
        shop.push()
    shop.line.cuts_left = 0
    shop.push()
    assert shop.new() == list(NAMES)
    assert shop.all() == sorted(NAMES)
