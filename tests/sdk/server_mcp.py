"""An MCP server with a few tools, which notes in the file `TRAVEL_LOG` what it does.

Run as a script it talks over standard input and output, until that is closed.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Union

import anyio.lowlevel
from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

__all__ = ["PNG", "Weather", "server"]

PNG = b"\x89PNG\r\n\x1a\n\xff\x00"

server = MCPServer("travel", instructions="Ask for a city.", log_level="CRITICAL")


class Weather(BaseModel):
    """What a tool answers with where it has a structure."""

    city: str
    degrees: int


@server.tool()
def rooms(city: str, nights: int = 1) -> str:
    """Look up the rooms of a city."""
    _note("rooms")
    return f"{_number()} rooms in {city} for {nights} nights"


@server.tool()
def weather(city: str) -> Weather:
    """Tell the weather of a city."""
    _note("weather")
    return Weather(city=city, degrees=_number())


@server.tool()
def picture(city: str) -> list[Union[str, Image]]:  # noqa: UP007  # looked at on every Python
    """Show a picture of a city."""
    _note("picture")
    return [city, Image(data=PNG + str(_number()).encode(), format="png")]


@server.tool()
def closed(city: str) -> str:
    """Fail, as a tool does that has no answer."""
    _note("closed")
    raise ToolError(f"{city} is closed, says case {_number()}.")


@server.tool()
async def travel(steps: int, context: Context) -> str:
    """Travel, and tell of each step."""
    _note("travel")
    for step in range(steps):
        await context.report_progress(step + 1, steps, f"step {step + 1}")
        await anyio.lowlevel.checkpoint()  # so that it can be cancelled
    return f"Arrived at {_number()}."


@server.resource("city://{name}")
def city(name: str) -> str:
    """Describe a city."""
    _note("city")
    return f"{name} has {_number()} streets."


@server.prompt()
def plan(city: str) -> str:
    """Ask for a plan."""
    _note("plan")
    return f"Plan {_number()} days in {city}."


def _note(text: str) -> None:
    with Path(os.environ["TRAVEL_LOG"]).open("a", encoding="utf-8") as log:
        log.write(f"{text}\n")


def _number() -> int:
    """Return what no two live runs have in common."""
    return random.SystemRandom().randrange(10**9)


if __name__ == "__main__":
    _note("started")
    server.run()
