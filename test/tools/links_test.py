"""The documents, and the comments that name them, lead to files and headings that exist."""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = [ROOT / name for name in subprocess.run(
    ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", ":!fuzz/corpus"],
    capture_output=True, text=True, check=True).stdout.splitlines()]
DOCUMENTS = [file for file in FILES if file.suffix == ".md" and file.is_file()]


def text_of(document):
    """Without blocks of code, in which nothing is a link or a heading."""
    return re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(document):
    for heading in re.findall(r"^#+ (.*)$", text_of(document), re.MULTILINE):
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        yield re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        there = document.parent / target if target else document
        assert there.exists(), f"{link}: no such file"
        assert not anchor or anchor in anchors(there), f"{link}: no such heading"


def test_comments_name_documents_that_exist():
    for file in FILES:
        if not file.is_file() or b"\0" in (content := file.read_bytes()):
            continue
        for name in re.findall(r"(?<![\w/.])doc/[\w/.]+\.(?:md|yaml|json)\b", content.decode()):
            assert (ROOT / name).is_file(), f"{file.relative_to(ROOT)} names {name}"
