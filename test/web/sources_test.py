"""What of web/ is committed beside its source is what the source makes."""

import subprocess

from browser import WEB


def test_the_page_is_what_its_source_builds(tmp_path):
    subprocess.run(["vite", "build", "--outDir", tmp_path, "--emptyOutDir"], cwd=WEB, check=True, capture_output=True)
    built = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert built == {file.name: file.read_bytes() for file in (WEB / "dist").iterdir()}, "run `make web`"


def test_the_types_are_those_of_the_document(tmp_path):
    types = tmp_path / "openapi.d.ts"
    subprocess.run(["openapi-typescript", WEB.parent / "doc" / "reference" / "openapi.yaml", "-o", types], cwd=WEB, check=True,
                   capture_output=True)
    assert types.read_text() == (WEB / "src" / "api" / "openapi.d.ts").read_text(), "run `make web`"
