"""The drawing of the rooms in doc/internals/architecture.md is what tools/tidy.py enforces."""
import itertools
import pathlib
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from tidy import ARROWS  # pylint: disable=wrong-import-position

WIDTH = 96


def top_of(room):
    return room.split("/")[0]


def in_braces(rooms):
    """lib/base lib/uv checks -> lib/{base uv} checks"""
    for top, group in itertools.groupby(rooms, key=top_of):
        inner = [room.removeprefix(top).removeprefix("/") for room in group]
        yield top if inner == [""] else f"{top}/{inner[0]}" if len(inner) == 1 else f"{top}/{{{' '.join(inner)}}}"


def lines_of(room):
    text = " ".join(in_braces(ARROWS[room])) or "nothing"
    head = f"{room:<19} <- "
    return textwrap.wrap(head + text, WIDTH - 8, subsequent_indent=" " * len(head), break_on_hyphens=False)


def drawing():
    """A box for each folder, the lowest at the bottom; a room that is only the rooms under it is no room."""
    rooms = [room for room in reversed(ARROWS) if ARROWS[room] or room == "lib/base"]
    edge = "    +" + "-" * (WIDTH - 6) + "+"
    for _, group in itertools.groupby(rooms, key=top_of):
        yield edge
        for line in itertools.chain.from_iterable(map(lines_of, group)):
            yield f"    | {line:<{WIDTH - 8}} |"
    yield edge


def test_the_drawing_is_what_is_enforced():
    expected = "\n".join(drawing())
    text = (ROOT / "doc" / "internals" / "architecture.md").read_text()
    assert expected in text, f"the drawing has to be\n{expected}"
    assert max(map(len, expected.splitlines())) == WIDTH
