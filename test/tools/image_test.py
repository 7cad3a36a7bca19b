"""examples/image/archive.py: the file that it writes and names."""

import json
import pathlib
import subprocess
import sys
import tarfile

ARCHIVE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "image" / "archive.py"


def test_the_archive_is_the_file_that_is_told(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "file").write_text("contents")
    archive = tmp_path / "image.tar"
    ended = subprocess.run([sys.executable, ARCHIVE, "registry.example/name:1", tmp_path / "root", archive],
                           capture_output=True, text=True, check=True)
    assert ended.stdout.startswith(f"registry.example/name:1 in {archive}, ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.tar", "root"]
    with tarfile.open(archive) as image:
        (manifest,) = json.load(image.extractfile("manifest.json"))
    assert manifest["RepoTags"] == ["registry.example/name:1"]
