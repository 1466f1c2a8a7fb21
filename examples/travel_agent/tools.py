"""The tools of the travel agent: flights, hotels and the weather.

They stand for services on the network: they take a while, and find something else every time.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from decimal import Decimal

import agentcassette


@dataclass(frozen=True)
class Offer:
    """Something to book."""

    title: str
    price: Decimal

    def __str__(self) -> str:
        """Read as one line."""
        return f"{self.title}: {self.price:.2f} EUR"


@agentcassette.intercept(kind="tool")
async def flights(city: str, date: str) -> list[Offer]:
    """Find flights to a city."""
    await _network()
    hours = sorted(random.sample(range(6, 22), k=2))
    return [Offer(f"Flight to {city} on {date} at {hour:02}:30", _price(250)) for hour in hours]


@agentcassette.intercept(kind="tool")
async def hotels(city: str, nights: int) -> list[Offer]:
    """Find hotels in a city."""
    await _network()
    names = random.sample(["Central", "Grand", "Park", "Riverside", "Station"], k=2)
    return [
        Offer(f"{nights} nights in Hotel {name}, {city}", _price(120) * nights) for name in names
    ]


@agentcassette.intercept(kind="tool")
async def weather(city: str, date: str) -> list[str]:
    """Foretell the weather."""
    await _network()
    return [f"{city} from {date}: {random.choice(['sun', 'clouds', 'rain'])}"]


async def _network() -> None:
    await asyncio.sleep(random.uniform(0.01, 0.1))


def _price(about: int) -> Decimal:
    return Decimal(random.randint(about * 50, about * 150)) / 100
