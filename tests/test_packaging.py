"""What is released: a wheel and an sdist that hold what they should, and nothing else."""

from __future__ import annotations

import email
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["agentcassette", "pytest_agentcassette"]


def files_of(folder):
    """Return the paths of the files in a folder of the project that belong to it."""
    paths = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file())
    return {
        path.as_posix()
        for path in paths
        if not any(part == "__pycache__" or part.startswith(".") for part in path.parts)
    }


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Build the sdist, and the wheel from the sdist, the way a release does."""
    folder = tmp_path_factory.mktemp("release")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(release):
    """Open the wheel."""
    (path,) = release.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def read(wheel, name):
    """Return the text of a file in the wheel's folder of metadata."""
    (path,) = (path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode("utf-8")


def test_wheel_holds_the_two_packages_and_its_metadata(wheel):
    """Neither tests nor caches get into anybody's site-packages; both `py.typed` do."""
    code = {name for name in wheel.namelist() if ".dist-info/" not in name}
    metadata = {name.partition(".dist-info/")[2] for name in wheel.namelist()} - {""}

    assert code == files_of("agentcassette") | files_of("pytest_agentcassette")
    assert {f"{package}/py.typed" for package in PACKAGES} <= code
    assert metadata == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def test_sdist_holds_what_it_takes_to_build_and_to_test_again(release):
    """A packager builds from the sdist alone, and runs the tests that lie in it."""
    (path,) = release.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    folders = [*PACKAGES, "benchmarks", "docs", "examples", "tests"]
    documents = {path.name for path in ROOT.glob("*.md")}
    settings = {".ci/run", ".gitignore", "conftest.py", "pyproject.toml", "tox.ini"}
    assert names == set().union(
        *map(files_of, folders), documents, settings, {"LICENSE", "PKG-INFO"}
    )


def test_wheel_requires_nothing(wheel):
    """The core has no dependency; pytest and pluggy come with an extra, if at all."""
    metadata = email.message_from_string(read(wheel, "METADATA"))
    extras = {"": set()}
    for requirement in metadata.get_all("Requires-Dist"):
        name, _, extra = requirement.partition("; extra == ")
        extras.setdefault(extra.strip("'"), set()).add(name)

    assert extras[""] == set()
    assert extras["pytest"] == {"pluggy>=1.2", "pytest>=7.4"}


def test_wheel_describes_itself(wheel):
    """The index shows the README, the licence and the Pythons that are tested."""
    metadata = email.message_from_string(read(wheel, "METADATA"))

    assert metadata["Name"] == "agentcassette"
    assert metadata["Requires-Python"] == ">=3.9"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (ROOT / "README.md").read_text("utf-8")


def test_pytest_finds_the_plugin_through_its_entry_point(wheel):
    """Nobody has to write `-p` or a line in a conftest."""
    assert read(wheel, "entry_points.txt").split() == [
        "[pytest11]",
        "agentcassette",
        "=",
        "pytest_agentcassette.plugin",
    ]
