"""record, replay and use_cassette: the sessions that one can ask for."""

from __future__ import annotations

import inspect
import os

import pytest

from agentcassette import (
    Cassette,
    CassetteNotFound,
    DivergenceError,
    Player,
    Recorder,
    intercept,
    record,
    replay,
    use_cassette,
)


@intercept(kind="tool")
def ask(prompt, *, key="none", token="none"):
    """Echo what was asked."""
    return {"prompt": prompt, "key": key, "token": token}


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


class TestWhatTheyGive:
    """Sessions that write give a recorder, the others a player."""

    @pytest.mark.parametrize(
        ("mode", "exists", "face"),
        [
            ("once", False, Recorder),
            ("once", True, Player),
            ("none", False, Player),
            ("none", True, Player),
            ("all", False, Recorder),
            ("all", True, Recorder),
            ("update", False, Recorder),
            ("update", True, Recorder),
        ],
    )
    def test_use_cassette(self, tape, mode, exists, face):
        """The record mode decides, and whether there is a cassette."""
        if exists:
            Cassette().save(tape)
        with use_cassette(tape, record_mode=mode) as given:
            assert type(given) is face
            assert (given.mode, given.path) == (mode, tape)

    def test_once_is_the_default(self, tape):
        """So a suite needs no option."""
        assert use_cassette(tape).record_mode == "once"

    def test_record_and_replay(self, tape):
        """They are what their names say."""
        with record(tape) as recorder:
            assert type(recorder) is Recorder
        with replay(tape) as player:
            assert type(player) is Player
            assert player.strict is False

    def test_replay_needs_a_cassette(self, tape):
        """It says so before any call, and what to do."""
        with pytest.raises(CassetteNotFound, match=r"no cassette at .*: record it first"):
            replay(tape).open()


class TestPaths:
    """A path is a text or a path."""

    @pytest.mark.parametrize("as_path", [str, os.fspath, lambda path: path])
    def test_of_every_form(self, tape, as_path):
        """It is a path from then on."""
        with record(as_path(tape)) as recorder:
            ask("a")

        assert recorder.path == tape
        assert tape.exists()

    def test_folders_are_made(self, tmp_path):
        """A first recording needs no preparation."""
        with record(tmp_path / "some" / "where" / "tape.json"):
            ask("a")

        assert (tmp_path / "some" / "where" / "tape.json").exists()


class TestNames:
    """Where names are asked for, one name needs no list."""

    @pytest.mark.parametrize("redact", ["key", ["key"], ("key", "KEY"), {"key"}, iter(["key"])])
    def test_redact(self, tape, redact):
        """A text is one name, not its letters."""
        with record(tape, redact=redact):
            ask("a", key="hunter2")

        assert "hunter2" not in tape.read_text()

    @pytest.mark.parametrize("names", [None, (), []], ids=repr)
    def test_none(self, tape, names):
        """Nothing is redacted, ignored or live."""
        with use_cassette(tape, redact=names, ignore=names, live=names):
            ask("a", key="k")
        session = replay(tape, redact=names, ignore=names, live=names, strict=True)
        with pytest.raises(DivergenceError), session:
            ask("a", key="other")

    @pytest.mark.parametrize("ignore", ["kwargs.key", ["kwargs.key", "kwargs.token"]])
    def test_ignore(self, tape, ignore):
        """What is not compared may differ."""
        with record(tape):
            ask("a", key="one")
        with replay(tape, ignore=ignore, strict=True):
            assert ask("a", key="other")["key"] == "one"

    def test_ignore_of_the_session_and_of_the_callable(self, tape):
        """Both hold."""
        asking = intercept(lambda *, x, y: (x, y), name="asking", ignore="kwargs.x")
        with record(tape):
            asking(x=1, y=1)
        with replay(tape, ignore="kwargs.y", strict=True):
            assert asking(x=2, y=2) == (1, 1)

    @pytest.mark.parametrize("make", [record, replay, use_cassette])
    def test_a_malformed_path(self, tape, make):
        """It is told before the session opens."""
        with pytest.raises(ValueError, match="can't read what to ignore"):
            make(tape, ignore=["kwargs.["])

    @pytest.mark.parametrize("live", ["tool", ["tool"]])
    def test_live(self, tape, live):
        """Calls of that kind run."""
        with record(tape):
            ask("a")
        with replay(tape, live=live, strict=True):
            assert ask("b")["prompt"] == "b"


class TestTheHeadOfTheFile:
    """What a session is told about its cassette is kept in it."""

    def test_model_and_test(self, tape):
        """The id of the test, so that no other test takes the file."""
        with use_cassette(tape, model="small", test="test_it.py::test_it"):
            ask("a")

        cassette = Cassette.load(tape)
        assert (cassette.model, cassette.test) == ("small", "test_it.py::test_it")

    def test_the_command_is_told_in_a_drift(self, tape):
        """It is what a user does next."""
        with use_cassette(tape):
            ask("a")
        session = use_cassette(tape, strict=True, rerecord="pytest --record-mode=update")
        with pytest.raises(DivergenceError, match="pytest --record-mode=update"), session:
            ask("b")


@pytest.mark.parametrize("make", [record, replay, use_cassette])
def test_options_are_named(make):
    """Nobody can tell the meaning of a third positional argument."""
    kinds = [parameter.kind for parameter in inspect.signature(make).parameters.values()]

    assert kinds[0] is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert set(kinds[1:]) == {inspect.Parameter.KEYWORD_ONLY}
