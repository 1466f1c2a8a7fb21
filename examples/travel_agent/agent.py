"""A travel agent: it asks a model what to look up, looks it all up at once, and answers.

    python agent.py "3 nights in Lisbon from 2026-05-04"

The environment says where the model is: OPENAI_BASE_URL, and OPENAI_API_KEY.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import agentcassette
from openai import AsyncOpenAI, RateLimitError

from tools import flights, hotels, weather

PROMPT = "You are a travel agent. Look up flights, hotels and the weather, then propose one plan."

CITY = {"type": "string"}
DATE = {"type": "string", "format": "date"}
NIGHTS = {"type": "integer"}

TOOLS: dict[str, Any] = {
    "flights": (flights, {"city": CITY, "date": DATE}),
    "hotels": (hotels, {"city": CITY, "nights": NIGHTS}),
    "weather": (weather, {"city": CITY, "date": DATE}),
}

# A pause is a call like any other: a replayed test does not sit through it again.
pause = agentcassette.intercept(asyncio.sleep, name="pause", kind="pause")


class TravelAgent:
    """An agent that plans trips.

    Args:
        client: The client of the model. It should do no retries of its own: the agent does.
        model: The name of the model.
    """

    def __init__(self, client: AsyncOpenAI, model: str = "gpt-5-mini") -> None:
        self.ask = agentcassette.intercept(client.chat.completions.create, name="ask", kind="llm")
        self.model = model

    async def plan(self, wish: str) -> str:
        """Return a plan for the trip that is wished for."""
        messages: list[Any] = [
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": wish},
        ]
        message = await self.think(messages)
        while message.tool_calls:
            results = await asyncio.gather(*(self.use(call) for call in message.tool_calls))
            messages += [message, *results]
            message = await self.think(messages)
        return str(message.content)

    async def think(self, messages: list[Any], tries: int = 3) -> Any:
        """Return the model's next message; as long as it is busy, wait and try again."""
        offered: Any = [
            {
                "type": "function",
                "function": {
                    "name": name,
                    "description": function.__doc__,
                    "parameters": {"type": "object", "properties": parameters},
                },
            }
            for name, (function, parameters) in TOOLS.items()
        ]
        try:
            answer = await self.ask(model=self.model, messages=messages, tools=offered)
        except RateLimitError as error:
            if tries == 1:
                raise
            await pause(float(error.response.headers["retry-after"]))
            return await self.think(messages, tries - 1)
        return answer.choices[0].message

    async def use(self, call: Any) -> dict[str, str]:
        """Call one tool, and return what it found as a message to the model."""
        function, _ = TOOLS[call.function.name]
        found = await function(**json.loads(call.function.arguments))
        content = "\n".join(map(str, found))
        return {"role": "tool", "tool_call_id": call.id, "content": content}


async def plan(wish: str, model: str = "gpt-5-mini") -> str:
    """Return a plan for a trip, made with a client of its own."""
    async with AsyncOpenAI(max_retries=0) as client:
        return await TravelAgent(client, model).plan(wish)


if __name__ == "__main__":
    print(asyncio.run(plan(" ".join(sys.argv[1:]))))
