"""Every code block of the documents is run, so that what a reader copies works.

The blocks of a document are a story, played from the top in a folder of its own. What a block is
for is told by its language, and by an HTML comment on the line before it, which no reader sees:

- ```` ```python ```` is executed; the blocks of a document share their names.
- ```` ```console ```` holds commands behind `$`. Each is run, has to succeed, and has to print the
  lines shown below it, in that order; there `...` stands for anything. It may fail where the lines
  show an error, for that is the point then.
- ```` ```toml ````, ```` ```ini ```` and ```` ```json ```` have to be well-formed.
- `<!-- file: NAME -->` before a block of any language writes it to that file instead. A file that
  the reader is not bothered with stands in the comment itself, below its first line.
- A fence without a language holds what can't be run here (it would install something, say); but
  the extras, environments and options that it names have to exist.

What needs a model finds the one of `tests/sdk`: `from server import ModelServer` works in a story.

A document that begins with `<!-- needs: MODULE ... -->` is run where these modules can be imported:
in the environment `sdks`, all of them can.
"""

from __future__ import annotations

import configparser
import functools
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path
from typing import NamedTuple

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
ROOT = HERE.parent
MODEL_SERVER = str(HERE / "sdk")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
)

NEEDS = re.compile(r"^<!-- needs: (.*?) -->\n")


def needs_of(page):
    """Return the modules that a page needs beside what every environment has."""
    found = NEEDS.match((ROOT / page).read_text("utf-8"))
    return found[1].split() if found else []


def is_there(module):
    """Tell whether a module could be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False


DOCUMENTS = [page for page in PAGES if all(map(is_there, needs_of(page)))]

BLOCK = re.compile(
    r"^<!-- file: (?P<hidden>\S+)\n(?P<hidden_text>.*?)^-->$"
    r"|^(?:<!-- (?P<directive>\S[^\n]*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """One code block: what it holds, what it is for, and its first line in the document."""

    language: str
    directive: str
    text: str
    line: int
    hidden: bool


def blocks_of(text):
    """Return the code blocks of a document, in order, with those hidden in comments."""
    blocks = []
    for match in BLOCK.finditer(text):
        if match["hidden"]:
            start, language, directive = "hidden_text", "", f"file: {match['hidden']}"
        else:
            start, language, directive = "text", match["language"], match["directive"] or ""
        line = text.count("\n", 0, match.start(start)) + 1
        blocks.append(Block(language, directive, match[start], line, bool(match["hidden"])))
    return blocks


class Story:
    """A document's blocks at work: a folder with files, and the names defined so far."""

    def __init__(self, document, folder):
        self.document = document
        self.folder = folder
        self.module = types.ModuleType(Path(document).stem.lower())
        sys.modules[self.module.__name__] = self.module

    def play(self, block):
        """Do with a block what its language and its directive ask for."""
        verb, _, name = block.directive.partition(": ")
        if verb == "file":
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif verb:
            pytest.fail(f"{self.document}:{block.line - 2}: unknown directive {block.directive!r}")
        elif block.language in READERS:
            READERS[block.language](block.text)
        elif block.language == "python":
            padding = "\n" * (block.line - 1)  # a traceback names the document's own lines
            code = compile(padding + block.text, ROOT / self.document, "exec", dont_inherit=True)
            exec(code, vars(self.module))
        elif block.language == "console":
            for command, expected in commands_of(block.text):
                check_output(command, expected, self.folder)
        elif not block.language:
            check_names(block.text)
        else:
            pytest.fail(f"{self.document}:{block.line - 1}: unknown language {block.language!r}")


READERS = {
    "ini": lambda text: configparser.ConfigParser().read_string(text),
    "json": json.loads,
    "toml": tomllib.loads,
}


def commands_of(text):
    """Return the commands of a console block, each with the lines it is shown to print."""
    commands = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif line.strip():
            commands[-1][1].append(line)
    return commands


def check_output(command, expected, folder):
    """Run a command in the story's folder; fail unless it prints what is shown."""
    program, *arguments = shlex.split(command)
    runs = {"pytest": [sys.executable, "-m", "pytest"], "python": [sys.executable], "cat": ["cat"]}
    if program not in runs:
        pytest.fail(f"nobody knows how to run {command!r}; in a fence without a language it is not")
    answer = subprocess.run(
        runs[program] + arguments,
        cwd=folder,
        env={
            **os.environ,
            "COLUMNS": "80",
            "PYTHONIOENCODING": "utf-8",
            "PYTHONPATH": MODEL_SERVER,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if expected:
        pytest.LineMatcher(answer.stdout.splitlines()).re_match_lines(
            [pattern_of(line) for line in expected]
        )
    if answer.returncode != 0 and not any(map(re.compile(r"E\b|FAILED").match, expected)):
        pytest.fail(f"{command!r} ended with {answer.returncode}:\n{answer.stdout}")


def pattern_of(line):
    """Return the regular expression of a shown line: `...` is anything, and so is a duration."""
    pattern = ".*".join(re.escape(part) for part in line.split("..."))
    return re.sub(r"\d+\\\.\d+((?:\\ )?)s\b", r"\\d+\\.\\d+\1s", pattern) + "$"


def check_names(text):
    """Fail unless the extras, the environments and the options that a text names exist."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = set(project["optional-dependencies"])
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")

    for named in re.findall(r"agentcassette\[([\w,]+)\]", text):
        assert set(named.split(",")) <= extras, named
    for named in re.findall(r"\btox run.* -e (\S+)", text):
        for environment in named.split(","):
            known = tox.has_section(f"testenv:{environment}")
            assert known or re.fullmatch(r"py3\d+", environment), environment
    assert set(re.findall(r"--(?:record-mode|cassette)[\w-]*", text)) <= offered_options()


@functools.cache
def help_of_pytest():
    """Return what `pytest --help` prints where the plugin is installed."""
    command = [sys.executable, "-m", "pytest", "--help"]
    return subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True).stdout


def offered_options():
    """Return the plugin's options of the command line, by their full names."""
    return set(re.findall(r"(?<=\s)--(?:record-mode|cassette[\w-]*)", help_of_pytest()))


def offered_settings():
    """Return the plugin's names for the configuration file."""
    return set(re.findall(r"^  (cassette_\w+)", help_of_pytest(), re.MULTILINE))


@pytest.fixture
def tell(tmp_path, monkeypatch):
    """Return a function that plays a document's blocks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(MODEL_SERVER)
    monkeypatch.syspath_prepend(tmp_path)

    def play(text, document="story.md"):
        monkeypatch.delitem(sys.modules, Path(document).stem.lower(), raising=False)
        story = Story(document, tmp_path)
        for block in blocks_of(text):
            story.play(block)

    yield play
    for name, module in list(sys.modules.items()):  # other tests have an agent.py, too
        if str(tmp_path) in str(getattr(module, "__file__", None)):
            del sys.modules[name]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_of_the_document_works(document, tell):
    """A reader may copy any block, from the top, and get what the document says."""
    tell((ROOT / document).read_text("utf-8"), document)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_fence_of_the_document_is_overlooked(document):
    """A fence that is indented would never be run."""
    text = (ROOT / document).read_text("utf-8")
    fences = re.findall(r"^\s*(?:```|~~~)", text, re.MULTILINE)

    assert len(fences) == 2 * sum(not block.hidden for block in blocks_of(text))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_option_that_the_document_names_is_offered(document):
    """An option that was renamed is renamed in the documents as well."""
    text = (ROOT / document).read_text("utf-8")

    assert set(re.findall(r"--(?:record-mode|cassette[\w-]*)", text)) <= offered_options()


def test_every_option_and_setting_is_documented():
    """What nobody can read about does not exist."""
    texts = "\n".join((ROOT / document).read_text("utf-8") for document in DOCUMENTS)
    undocumented = [
        name
        for name in sorted(offered_options() | offered_settings())
        if not re.search(rf"(?<![\w-]){name}(?![\w-])", texts)
    ]

    assert undocumented == []


def test_the_readme_runs_the_tests_the_way_ci_does():
    """Whoever follows the README gets the result that decides here."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    (command,) = re.findall(r"^ *(python3 -m venv .*tox run)$", script, re.MULTILINE)

    assert command in (ROOT / "README.md").read_text("utf-8")


def test_every_room_is_on_the_map():
    """Whoever looks for a place to change something starts at the tables of CONTRIBUTING."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\|[^|`]*\|(.*`.*)\|$", text, re.MULTILINE)
    rooms = {
        path.stem
        for package in ("agentcassette", "pytest_agentcassette")
        for path in (ROOT / package).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    assert set(re.findall(r"`(\w+)`", "".join(rows))) == rooms - {"__init__"}


FAULTS = {
    "a python block that raises": (
        "text\n\n```python\nx = 1\nassert x == 2, 'one is not two'\n```\n",
        "one is not two",
    ),
    "a command that fails": (
        "<!-- file: test_a.py\ndef test_a(): assert 0\n-->\n```console\n$ pytest -q\n```\n",
        "ended with 1",
    ),
    "an output that is not printed": (
        "<!-- file: test_a.py\ndef test_a(): pass\n-->\n```console\n$ pytest\n2 passed\n```\n",
        "remains unmatched",
    ),
    "a command that nobody can run": ("```console\n$ make it so\n```\n", "make it so"),
    "an extra that does not exist": (
        "```\npip install 'agentcassette[nose]'\n```\n",
        "nose",
    ),
    "an environment that does not exist": (
        "```\n.venv/bin/tox run -e lint,nowhere\n```\n",
        "nowhere",
    ),
    "an option that does not exist": (
        "```\npytest --cassette-nothing\n```\n",
        "--cassette-nothing",
    ),
    "a directive that does not exist": ("<!-- flie: a.py -->\n```python\n1\n```\n", "flie"),
    "a language that does not exist": ("```pyhton\n1\n```\n", "pyhton"),
    "a setting that is not well-formed": ("```toml\n[tool\n```\n", "Expected"),
}


@pytest.mark.parametrize(("text", "complaint"), FAULTS.values(), ids=FAULTS)
def test_a_block_that_does_not_work_is_found(text, complaint, tell):
    """The checks above can fail."""
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        tell(text)

    assert complaint in str(caught.value)


def test_a_failing_block_is_told_by_its_line(tell):
    """A traceback leads to the document itself."""
    with pytest.raises(ZeroDivisionError) as caught:
        tell("text\n\n```python\nzero = 0\n1 / zero\n```\n")

    last = caught.traceback[-1]
    assert (Path(last.path).name, last.lineno + 1) == ("story.md", 5)


def test_blocks_share_files_and_names(tell):
    """A story goes on from block to block, and matches what is shown with `...` and durations."""
    tell(
        "<!-- file: fruit.py -->\n```python\nname = 'apple'\n```\n"
        "```python\nimport fruit\n```\n"
        "```python\nassert fruit.name == 'apple'\n```\n"
        "<!-- file: test_fruit.py\ndef test_fruit(): import fruit\n-->\n"
        "```console\n$ cat fruit.py\nname = ...\n\n$ pytest\n...1 passed in 123.45s...\n```\n"
        "```\nanything\n```\n"
    )
