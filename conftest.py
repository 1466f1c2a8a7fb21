"""What every test may rely on: a time zone, a width of the terminal, an order of the tests."""

from __future__ import annotations

import os
import time

from hypothesis import HealthCheck, settings

os.environ["COLUMNS"] = "100"
os.environ["TZ"] = "UTC"
if hasattr(time, "tzset"):  # Windows has none
    time.tzset()

# A pytest that a test starts keeps the order of its tests, although pytest-randomly is installed.
os.environ["PYTEST_ADDOPTS"] = "-p no:randomly"

# Also where tox runs the tests: pytest would put the caches of all projects into one folder there.
os.environ.pop("TOX_ENV_DIR", None)

# How long an example takes says something about the machine, not about the code. CI tries the
# same examples in every run: it tells what a change broke.
settings.register_profile(
    "agentcassette",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("agentcassette")
