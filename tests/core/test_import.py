"""What `import agentcassette` brings along: the standard library only, and little of it."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import agentcassette

# Without `site`: neither an editable install nor coverage may load anything of their own before.
LOADED = """
import json, sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
import agentcassette

@agentcassette.intercept(kind="tool")
def search(query):
    return query

assert search("a") == "a"
names = set(sys.modules) - before | {"agentcassette"}
print(json.dumps({name: getattr(sys.modules[name], "__file__", None) for name in sorted(names)}))
"""

# Each of these costs about as much as the core itself, and what it is good for is rare.
SLOW = {
    "asyncio",
    "concurrent.futures",
    "dataclasses",
    "decimal",
    "email",
    "hashlib",
    "http",
    "logging",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "tempfile",
    "urllib.request",
    "uuid",
}


def loaded_modules():
    """Return the modules that a fresh interpreter loads for the core, with their files."""
    package_folder = str(Path(agentcassette.__file__).parents[1])
    command = [sys.executable, "-I", "-S", "-c", LOADED, package_folder]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)


def test_the_core_loads_nothing_but_itself_and_the_standard_library():
    """`pip install agentcassette` installs one distribution, and nothing else is ever needed."""
    own = str(Path(agentcassette.__file__).parent)
    standard = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))

    foreign = {
        name: file
        for name, file in loaded_modules().items()
        if file is not None  # built into the interpreter, or frozen
        and not file.startswith(own)
        and (not file.startswith(standard) or "site-packages" in file)
    }

    assert foreign == {}


def test_the_core_loads_nothing_slow():
    """Production code that is intercepted pays for the import as well."""
    assert SLOW & set(loaded_modules()) == set()


def test_code_that_intercepts_loads_no_more_than_that():
    """The rooms of a session come with the first session; production code opens none."""
    ours = {name for name in loaded_modules() if name.startswith("agentcassette")}

    rooms = ("_active", "_errors", "_intercept", "_relaying", "_seam")
    assert ours == {"agentcassette", *(f"agentcassette.{room}" for room in rooms)}


RECORDED = """
import sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import agentcassette

@agentcassette.intercept
def ask(prompt):
    return {"text": prompt, "at": (1, 2)}

with tempfile.TemporaryDirectory() as folder:
    with agentcassette.record(Path(folder, "tape.json")):
        before = set(sys.modules)
        ask("a")
        print(*sorted(set(sys.modules) - before))
"""


def test_a_call_that_is_recorded_imports_nothing_more():
    """That would count as a part of the time that it took."""
    package_folder = str(Path(agentcassette.__file__).parents[1])
    command = [sys.executable, "-I", "-S", "-c", RECORDED, package_folder]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)

    # Which find out that it is one, and come before its time begins.
    assert answer.stdout.split() == ["agentcassette._calling", "agentcassette._watching"]


def test_a_recording_imports_again_what_was_taken_away(tmp_path, monkeypatch):
    """A run of pytest inside of a test leaves the package, and takes its rooms away with it."""
    with agentcassette.record(tmp_path / "tape.json"):
        before = sys.modules["agentcassette._running"]
    monkeypatch.setattr(agentcassette, "_running", before)
    monkeypatch.delitem(sys.modules, "agentcassette._running")

    with agentcassette.record(tmp_path / "tape.json"):
        assert "agentcassette._running" in sys.modules


def test_what_is_imported_is_what_is_installed():
    """A checkout that lies in the way of the installed wheel would be tested in its place."""
    distribution = importlib.metadata.distribution("agentcassette")
    direct_url = json.loads(distribution.read_text("direct_url.json") or "{}")
    if direct_url.get("dir_info", {}).get("editable"):
        installed = Path(__file__).parents[2] / "agentcassette" / "__init__.py"
    else:
        installed = Path(str(distribution.locate_file("agentcassette/__init__.py")))

    assert Path(agentcassette.__file__).resolve() == installed.resolve()
