"""Ways to break a set: each makes a damage, which changes the files that would have been sent."""

from collections.abc import Callable

Sent = dict[str, bytes]
Damage = Callable[[Sent], None]


def swap(file: str, old: str, new: str) -> Damage:
    """The first such text of the file becomes another one."""

    def damage(files: Sent) -> None:
        assert old.encode() in files[file]
        files[file] = files[file].replace(old.encode(), new.encode(), 1)

    return damage


def add(file: str, line: str) -> Damage:
    def damage(files: Sent) -> None:
        files[file] += f"{line}\n".encode()

    return damage


def put(file: str, content: bytes) -> Damage:
    def damage(files: Sent) -> None:
        files[file] = content

    return damage


def lose(file: str) -> Damage:
    def damage(files: Sent) -> None:
        del files[file]

    return damage


def rename(file: str, name: str) -> Damage:
    def damage(files: Sent) -> None:
        files[name] = files.pop(file)

    return damage


def recode(file: str, codec: str) -> Damage:
    def damage(files: Sent) -> None:
        files[file] = files[file].decode().encode(codec)

    return damage


def turn(file: str, first: int, second: int) -> Damage:
    """Two columns change places, where lines have tabs."""

    def damage(files: Sent) -> None:
        lines = [line.split("\t") for line in files[file].decode().splitlines()]
        for fields in lines:
            fields[first], fields[second] = fields[second], fields[first]
        files[file] = "".join("\t".join(fields) + "\n" for fields in lines).encode()

    return damage
