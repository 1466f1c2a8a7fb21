"""The model server and the clients of the real SDKs that talk to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from anthropic import Anthropic
from openai import OpenAI

# Tests are imported by their path, which puts no folder on the import path: `server` is found so.
sys.path.insert(0, str(Path(__file__).parent))

from server import ModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """Give a running model server."""
    with ModelServer() as server:
        yield server


@pytest.fixture
def openai_client(server: ModelServer) -> Iterator[OpenAI]:
    """Give a client of OpenAI's SDK that tries once and talks to the server."""
    with OpenAI(base_url=server.openai_url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(server: ModelServer) -> Iterator[Anthropic]:
    """Give a client of Anthropic's SDK that tries once and talks to the server."""
    with Anthropic(base_url=server.url, api_key="none", max_retries=0) as client:
        yield client
