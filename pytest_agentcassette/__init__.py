"""The pytest plugin of agentcassette: it records and replays the cassette of a test."""
