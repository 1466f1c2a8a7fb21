"""Arrays of numpy and images of Pillow come back and are compared, once they are known."""

from __future__ import annotations

import io
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.lib.format import descr_to_dtype, dtype_to_descr
from PIL import Image, ImageDraw
from pydantic import BaseModel, ConfigDict
from server import Reply, ToolCall
from smolagents import AgentGenerationError, LogLevel, OpenAIModel, ToolCallingAgent

from agentcassette import (
    Cassette,
    DivergenceError,
    UnreplayableValue,
    intercept,
    record,
    register_type,
    replay,
)
from agentcassette._values import _registry

# --- what a user writes, as in docs/values.md -----------------------------------------------


def write_array(array):
    """Give the data of an array: numbers, or bytes where there are many."""
    kept = {"dtype": dtype_to_descr(array.dtype), "shape": list(array.shape)}
    if array.size <= 100:
        return {**kept, "data": array.tolist()}
    return {**kept, "bytes": array.tobytes()}


def read_array(kept):
    """Make an array of its data."""
    dtype = descr_to_dtype(kept["dtype"])
    if "data" in kept:
        return np.array(kept["data"], dtype).reshape(kept["shape"])
    return np.frombuffer(kept["bytes"], dtype).reshape(kept["shape"]).copy()


def write_image(image):
    """Give the data of an image: its pixels, row by row."""
    pixels = image.tobytes()
    row = max(1, len(pixels) // max(1, image.height))
    kept = {"mode": image.mode, "size": list(image.size), "rows": pixels.hex(" ", -row).split()}
    if image.palette:
        kept["palette"] = [image.palette.mode, bytes(image.palette.palette)]
    return kept


def read_image(kept):
    """Make an image of its data."""
    image = Image.frombytes(kept["mode"], kept["size"], bytes.fromhex("".join(kept["rows"])))
    if "palette" in kept:
        mode, colours = kept["palette"]
        image.putpalette(colours, mode)
    return image


@pytest.fixture
def unregistered(monkeypatch):
    """Leave the registry as it was."""
    monkeypatch.setattr(_registry, "_registry", {})


@pytest.fixture
def registered(unregistered):
    """Tell how arrays, their scalars and images are kept."""
    register_type(np.ndarray, encode=write_array, decode=read_array)
    for scalar in (np.float32, np.int64, np.bool_):
        register_type(scalar, encode=np.generic.item, decode=scalar)
    register_type(Image.Image, encode=write_image, decode=read_image)


@pytest.fixture
def through(tmp_path):
    """Give a function that gives what comes back of a result, and its step."""

    def through(value):
        give = intercept(lambda: value, name="give")
        path = tmp_path / "cassette.json"
        with record(path):
            assert give() is value
        with replay(path, strict=True):
            again = give()
        return again, Cassette.load(path).steps[0]

    return through


@pytest.fixture
def drift(tmp_path):
    """Give a function that gives what is said where an argument is another one in a replay."""

    def drift(recorded, now):
        look = intercept(lambda picture: "seen", name="look")
        path = tmp_path / "cassette.json"
        with record(path):
            look(recorded)
        with pytest.raises(DivergenceError) as caught, replay(path, strict=True):
            look(now)
        return str(caught.value)

    return drift


# --- what is not known ----------------------------------------------------------------------


def black():
    """Return an image, small and black."""
    return Image.new("L", (2, 2))


UNKNOWN = {
    "array": (np.arange(3), "numpy:ndarray", lambda again: again.sum()),
    "scalar": (np.float32(0.5), "numpy:float32", float),
    "image": (black(), "PIL.Image:Image", lambda again: again.size),
    "read image": (black(), "PIL.Image:Image", np.asarray),
    "saved image": (black(), "PIL.Image:Image", lambda again: again.save(io.BytesIO(), "PNG")),
}


@pytest.mark.usefixtures("unregistered")
@pytest.mark.parametrize(("value", "name", "use"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_is_told_and_raises_when_it_is_used(value, name, use, tmp_path):
    """The live run gets the value; a replay says what to do as soon as it is looked into."""
    give = intercept(lambda: value, name="give")
    path = tmp_path / "cassette.json"

    lost = pytest.warns(UserWarning, match=f"of type {name} at /result can't be restored")
    with lost, record(path):
        assert give() is value

    with replay(path, strict=True):
        again = give()
        kept = [again]
        with pytest.raises(UnreplayableValue, match=f"{name}.*register_type"):
            use(kept[0])


@pytest.mark.usefixtures("unregistered")
def test_scalars_that_are_numbers_of_the_language_need_nothing(through):
    """A float64 is a float, and a str_ a string: they come back as what they are."""
    for value in (np.float64(1.5), np.str_("Lisbon"), np.bytes_(b"Lisbon"), np.complex128(1j)):
        again, _ = through(value)
        assert (again, type(again)) == (value, type(value))


# --- arrays ---------------------------------------------------------------------------------

ARRAYS = {
    "int64": np.arange(6).reshape(2, 3),
    "uint8": np.array([0, 255], "u1"),
    "uint64": np.array([2**64 - 1], "u8"),
    "float16": np.array([0.1, 65504], "f2"),
    "float32": np.arange(6, dtype="f4") / 7,
    "float64": np.array([0.1, -0.0, 5e-324]),
    "not finite": np.array([np.nan, np.inf, -np.inf]),
    "complex": np.array([1 + 2j, complex(np.nan, -0.0)]),
    "bool": np.array([[True], [False]]),
    "text": np.array(["Lisbon", "Évora"]),
    "bytes": np.array([b"a", b"\xff"]),
    "dates": np.array(["2026-05-04", "NaT"], "M8[D]"),
    "nanoseconds": np.array(["2026-05-04T10:00:00.123456789"], "M8[ns]"),
    "durations": np.array([1, -2], "m8[s]"),
    "big-endian": np.arange(3, dtype=">i4"),
    "0-d": np.array(3.5),
    "empty": np.zeros((0, 3)),
    "empty rows": np.zeros((3, 0), "i1"),
    "not contiguous": np.arange(20).reshape(4, 5)[::2, ::-1],
    "by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "transposed and large": np.arange(600.0).reshape(20, 30).T,
    "read-only": np.broadcast_to(np.arange(3), (2, 3)),
    "structured": np.array([(1, 2.5, "a")], [("x", "i4"), ("y", "f8"), ("name", "U3")]),
    "nested": np.array([((1, 2),)], [("at", [("x", "i4"), ("y", "i4")])]),
    "structured and large": np.zeros(200, [("x", "i4"), ("y", "f8")]),
    "objects": np.array([1, "a", None, {"b": 2}], object),
}


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_an_array_comes_back(array, through):
    """Shape, type and every bit of an array are as they were."""
    again, step = through(array)

    assert type(again) is np.ndarray
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    if array.dtype == object:
        assert again.tolist() == array.tolist()
    else:
        assert again.tobytes() == array.tobytes()
    assert step["types"]["/result"] == "numpy:ndarray"


@pytest.mark.usefixtures("registered")
def test_a_small_array_can_be_read(through):
    """What is on tape is what a person would write."""
    _, step = through(np.array([[0.5, 1.5], [2.5, 3.5]]))

    assert step["result"] == {"dtype": "<f8", "shape": [2, 2], "data": [[0.5, 1.5], [2.5, 3.5]]}
    assert step["types"] == {"/result": "numpy:ndarray"}


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("scalar", [np.float32(0.1), np.int64(-3), np.bool_(True)], ids=repr)
def test_a_scalar_comes_back(scalar, through):
    """A number of numpy is a number on tape."""
    again, step = through({"score": scalar})

    assert (again, type(again["score"])) == ({"score": scalar}, type(scalar))
    assert step["result"] == {"score": scalar.item()}


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    "value", [np.ma.array([1, 2], mask=[0, 1]), np.rec.array([(1,)], [("x", "i4")])], ids=type
)
def test_a_class_derived_from_a_known_one_is_told(value, tmp_path):
    """What is said of arrays is not said of those that hold more."""
    give = intercept(lambda: value, name="give")

    with pytest.warns(UserWarning, match="register_type"), record(tmp_path / "cassette.json"):
        give()


# --- images ---------------------------------------------------------------------------------

MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"]
MODES += ["I", "I;16", "F", "La", "RGBa"]


def drawn(mode, size=(5, 3)):
    """Return an image of which no two pixels are alike, as far as the mode has so many."""
    length = len(Image.new(mode, size).tobytes())
    image = Image.frombytes(mode, size, bytes(7 * at % 256 for at in range(length)))
    if mode in {"P", "PA"}:
        image.putpalette(bytes(range(256)) * 3)
    return image


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("mode", MODES)
def test_an_image_comes_back(mode, through):
    """Every pixel of an image is as it was, and so are its colours."""
    image = drawn(mode)

    again, step = through(image)

    assert again == image
    assert (type(again), again.mode, again.size) == (Image.Image, mode, (5, 3))
    assert len(step["result"]["rows"]) == 3


@pytest.mark.usefixtures("registered")
def test_an_image_without_pixels_comes_back(through):
    """Nothing is something, too."""
    again, _ = through(Image.new("RGB", (0, 0)))

    assert again == Image.new("RGB", (0, 0))


@pytest.mark.usefixtures("registered")
def test_a_replayed_image_is_an_image_to_others(through):
    """What works with images takes one that was replayed."""
    image = drawn("RGB")
    again, _ = through(image)
    file = io.BytesIO()
    again.save(file, "PNG")
    canvas = Image.new("RGB", (9, 9))
    canvas.paste(again, (1, 1))
    ImageDraw.Draw(again).point((0, 0), "white")

    assert Image.open(file).tobytes() == image.tobytes()
    assert canvas.getpixel((1, 1)) == image.getpixel((0, 0)) != again.getpixel((0, 0))
    assert np.asarray(Image.blend(image, again, 0.5)).shape == (3, 5, 3)


@pytest.mark.usefixtures("registered")
def test_an_opened_image_comes_back_as_a_copy(tmp_path, through):
    """A file's own class of images is another one; a copy has the class that is known."""
    drawn("RGB").save(tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as opened:
        again, _ = through(opened.copy())

    assert again == drawn("RGB")


# --- inside of other values, and in streams -------------------------------------------------


@dataclass
class Seen:
    """What a tool gives that looks at a picture."""

    name: str
    picture: Image.Image
    scores: np.ndarray


class Features(BaseModel):
    """A model with fields that pydantic knows nothing of."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    vector: np.ndarray
    picture: Image.Image
    weights: Any = None
    mean: np.ndarray = np.zeros(2)


@pytest.mark.usefixtures("registered")
def test_comes_back_inside_of_a_dataclass(through):
    """Fields of known classes come back in an object of the user's."""
    again, step = through([Seen("a", drawn("L"), np.arange(3))])

    assert (again[0].name, again[0].picture) == ("a", drawn("L"))
    assert again[0].scores.tolist() == [0, 1, 2]
    assert step["types"]["/result/0/scores"] == "numpy:ndarray"


@pytest.mark.usefixtures("registered")
def test_comes_back_inside_of_a_pydantic_model(through):
    """The same in a model, in which one field has its default."""
    model = Features(vector=np.arange(3), picture=drawn("RGBA"), weights={"w": np.eye(2)})
    again, _ = through(model)

    assert type(again) is Features
    assert again.picture == drawn("RGBA")
    assert again.vector.tolist() == [0, 1, 2]
    assert again.weights["w"].tolist() == [[1, 0], [0, 1]]
    assert again.mean.tolist() == [0, 0]
    assert again.model_fields_set == {"vector", "picture", "weights"}


@pytest.mark.usefixtures("registered")
def test_comes_back_in_an_exception(tmp_path):
    """What an error carries comes back with it."""

    def fail():
        error = ValueError("blurred")
        error.picture = drawn("L")
        raise error

    look = intercept(fail, name="look")
    with record(tmp_path / "cassette.json"), pytest.raises(ValueError, match="blurred"):
        look()
    with replay(tmp_path / "cassette.json", strict=True):  # noqa: SIM117
        with pytest.raises(ValueError, match="blurred") as caught:
            look()

    assert caught.value.picture == drawn("L")


@pytest.mark.usefixtures("registered")
def test_comes_back_as_chunks_of_a_stream(tmp_path):
    """A video is a stream of images, and a sound one of arrays."""

    @intercept
    def play():
        for number in range(3):
            yield Image.new("L", (2, 2), number), np.full((2, 2), number)

    with record(tmp_path / "cassette.json"):
        live = list(play())
    with replay(tmp_path / "cassette.json", strict=True):
        again = list(play())

    assert [image for image, _ in again] == [image for image, _ in live]
    assert [array.tolist() for _, array in again] == [array.tolist() for _, array in live]


@pytest.mark.usefixtures("registered")
def test_what_the_agent_does_to_it_changes_nothing_on_tape(tmp_path):
    """Each replayed call gives a fresh array, that may be written to."""
    give = intercept(lambda: np.zeros(200), name="give")
    with record(tmp_path / "cassette.json"):
        give()[0] = 1
        give()[0] = 1
    with replay(tmp_path / "cassette.json", strict=True):
        first, second = give(), give()
        first[1] = 2

    assert (first.sum(), second.sum()) == (2, 0)


# --- as arguments ---------------------------------------------------------------------------


@pytest.mark.usefixtures("registered")
def test_equal_arguments_are_the_same_call(tmp_path):
    """The layout of an array in memory and the way an image was made are no difference."""
    look = intercept(lambda picture, array: "seen", name="look")
    array = np.arange(600).reshape(20, 30)
    with record(tmp_path / "cassette.json"):
        look(drawn("RGB"), array)
    with replay(tmp_path / "cassette.json", strict=True) as player:
        look(array=np.asfortranarray(array), picture=drawn("RGB").copy())

    assert player.remaining == 0


def with_pixel(image, value):
    """Return an image with one pixel changed."""
    changed = image.copy()
    changed.putpixel((2, 1), value)
    return changed


def with_number(array):
    """Return an array with one number changed."""
    changed = array.copy()
    changed[1, 2] = 99
    return changed


SMALL, LARGE = np.arange(6).reshape(2, 3), np.arange(3000.0).reshape(3, 1000)
WHITE = Image.new("RGB", (4, 3), "white")

DRIFTS = {
    "number": (SMALL, with_number(SMALL), "picture.data[1][2]: 5 -> 99"),
    "type": (SMALL, SMALL.astype("i4"), 'picture.dtype: "<i8" -> "<i4"'),
    "shape": (SMALL, SMALL.reshape(3, 2), "look differs at picture.shape"),
    "number of many": (LARGE, with_number(LARGE), "look differs at picture.bytes"),
    "pixel": (
        WHITE,
        with_pixel(WHITE, (255, 0, 0)),
        'picture.rows[1]: "ffffffffffffffffffffffff" -> "ffffffffffffff0000ffffff"',
    ),
    "mode": (WHITE, WHITE.convert("L"), 'picture.mode: "RGB" -> "L"'),
    "colours": (
        Image.new("P", (1, 1)),
        WHITE.resize((1, 1)).quantize(1),
        "look differs at picture.palette",
    ),
    "pixel in a dataclass": (
        Seen("a", WHITE, SMALL),
        Seen("a", with_pixel(WHITE, 0), SMALL),
        "look differs at picture.picture.rows[1]",
    ),
    "number in a model": (
        Features(vector=SMALL, picture=WHITE),
        Features(vector=with_number(SMALL), picture=WHITE),
        "look differs at picture.vector.data[1][2]",
    ),
    "scalar": (np.float32(0.5), np.float32(0.25), "picture: 0.5 -> 0.25"),
    "class of a scalar": (np.float32(0.5), 0.5, "picture: 0.5 (numpy:float32) -> 0.5 (float)"),
}


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(("recorded", "now", "said"), DRIFTS.values(), ids=DRIFTS)
def test_another_argument_is_drift_that_can_be_read(recorded, now, said, drift):
    """A message says where they differ, and stays short however large they are."""
    lines = drift(recorded, now).splitlines()

    assert any(said in line for line in lines)
    assert len(lines) < 25
    assert all(len(line) < 120 for line in lines if "cassette:" not in line)


@pytest.mark.usefixtures("registered")
def test_a_pixel_of_a_large_image_is_found_soon(drift):
    """A photograph is compared as well, and its row is told."""
    photograph = drawn("RGB", (800, 600))
    began = time.perf_counter()

    message = drift(photograph, with_pixel(photograph, (0, 0, 0)))

    assert "look differs at picture.rows[1]" in message
    assert len(message) < 2_000
    assert time.perf_counter() - began < 10


@pytest.mark.usefixtures("registered")
def test_a_picture_shown_to_an_agent_is_compared(server, tmp_path):
    """A framework hands the image itself to the model: another picture is another prompt."""
    server.script([Reply(tool_calls=(ToolCall("final_answer", {"answer": "A castle."}),))])

    def describe(picture):
        model = OpenAIModel("gpt", api_base=server.openai_url, api_key="none", retry=False)
        with model.client:
            model.generate = intercept(model.generate, kind="llm")
            agent = ToolCallingAgent([], model, verbosity_level=LogLevel.OFF)
            return str(agent.run("What is this?", images=[picture]))

    with record(tmp_path / "cassette.json"):
        describe(WHITE)
    with replay(tmp_path / "cassette.json", strict=True):
        assert describe(WHITE.copy()) == "A castle."
    with pytest.raises(AgentGenerationError, match=r"image\.rows\[1\]"):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            describe(with_pixel(WHITE, 0))


# --- where the two functions do not fit -----------------------------------------------------


@pytest.mark.usefixtures("unregistered")
def test_functions_that_lose_something_are_told(tmp_path):
    """That what is kept gives the same again is tried when it is recorded."""
    register_type(np.ndarray, encode=np.ndarray.tolist, decode=np.ones_like)
    give = intercept(lambda: np.arange(3), name="give")
    lost = pytest.warns(UserWarning, match="numpy:ndarray at /result can't be restored")

    with lost, record(tmp_path / "cassette.json"):
        give()


@pytest.mark.usefixtures("registered")
def test_nobody_is_warned_of_what_is_known(tmp_path):
    """With its classes registered a recording says nothing."""
    give = intercept(lambda value: value, name="give")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with record(tmp_path / "cassette.json") as recorder:
            for value in [*ARRAYS.values(), *map(drawn, MODES)]:
                give(value)

    assert recorder.unreplayable == []
