"""What the tests here share: a sink for reports, and agents that end with the test."""

import pytest

from agent import Agent, Sink


@pytest.fixture
def sink():
    made = Sink()
    yield made
    made.close()


@pytest.fixture
def start():
    started = []

    def start_one(*arguments, layer="pod", environment=None):
        agent = Agent(layer, list(arguments), environment)
        started.append(agent)
        return agent

    yield start_one
    for agent in started:
        if agent.process.poll() is None:
            agent.process.kill()
        agent.process.communicate()
