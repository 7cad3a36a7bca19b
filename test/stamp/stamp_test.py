"""stamp.py at one end, mesh/stamp at the other."""
import os
import random
import subprocess

import pytest

import stamp

KEY = bytes(range(32))
START = 1_754_819_072_123_456_789
MS = 1_000_000
MODES = pytest.mark.parametrize("key", [None, KEY], ids=["open", "signed"])


class Pipe:
    """The C++ code; test/stamp/stamp_pipe.cc has the commands."""

    def __init__(self):
        self.process = subprocess.Popen([os.environ["MESHCHECK_STAMP_PIPE"]], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def set_key(self, key):
        assert self.ask("key", key.hex() if key else "-") == "ok"

    def reflect(self, packet, received, now, ttl=64, port=1):
        kind, _, text = self.ask("reflect", port, received, now, ttl, packet.hex()).partition(" ")
        return bytes.fromhex(text) if kind == "reply" else f"{kind} {text}"

    def send(self, now, size=0, reply_size="-", follow_up=False):
        kind, sequence, text = self.ask("send", now, size, reply_size, int(follow_up)).split()
        assert kind == "probe"
        return int(sequence), bytes.fromhex(text)

    def receive(self, received, packet):
        answer = self.ask("receive", received, packet.hex())
        kind, _, text = answer.partition(" ")
        if kind != "answer":
            return answer
        return {name: int(value) for name, value in (pair.split("=") for pair in text.split())}

    def totals(self):
        return self.ask("totals")


@pytest.fixture
def pipe():
    pipe = Pipe()
    yield pipe
    pipe.process.stdin.close()
    assert pipe.process.wait(timeout=10) == 0


@MODES
def test_our_reflector_answers_a_foreign_sender(pipe, key):
    pipe.set_key(key)
    for sequence in (4, 5, 9):
        now = START + sequence * 1000 * MS
        reply = stamp.read_reply(
            pipe.reflect(stamp.request(sequence, now, key), now + MS, now + 3 * MS, ttl=61), key)
        assert reply["sequence"] == {4: 0, 5: 1, 9: 2}[sequence]
        assert reply["sender_sequence"] == sequence
        assert reply["sender_sent"] == stamp.ntp(now)
        assert stamp.unix(reply["received"]) == now + MS
        assert stamp.unix(reply["sent"]) == now + 3 * MS
        assert (reply["ssid"], reply["ttl"], reply["sender_error"]) == (7, 61, stamp.ERROR)
        assert reply["tlvs"] == []


@MODES
def test_our_sender_understands_a_foreign_reflector(pipe, key):
    pipe.set_key(key)
    reflector = stamp.Reflector(key)
    for turn in range(5):
        now = START + turn * 1000 * MS
        sequence, probe = pipe.send(now, size=200)
        assert (sequence, len(probe)) == (turn, 200)
        reply = reflector.reflect(probe, now + MS, now + 5 * MS, ttl=3)
        answer = pipe.receive(now + 7 * MS, reply)
        assert answer == {"sequence": turn, "reflector": turn, "reflector_received": now + MS,
                          "reflector_sent": now + 5 * MS, "round_trip": 3 * MS, "ttl": 3,
                          "trusted": 1, "resized": 0}


@MODES
def test_our_sender_charges_losses_as_they_happened(pipe, key):
    pipe.set_key(key)
    reflector = stamp.Reflector(key)
    chance = random.Random(1)
    lost = {"forward": 0, "backward": 0}
    for turn in range(2000):
        now = START + turn * 1000 * MS
        _, probe = pipe.send(now)
        fate = "neither" if turn == 1999 else chance.choices(
            ["neither", "forward", "backward"], [80, 15, 5])[0]
        if fate != "forward":
            reply = reflector.reflect(probe, now, now, 64)
            if fate == "neither":
                assert isinstance(pipe.receive(now, reply), dict)
        if fate != "neither":
            lost[fate] += 1
    assert pipe.totals() == "totals forward={forward} backward={backward}".format(**lost)


@MODES
def test_follow_up_telemetry_goes_both_ways(pipe, key):
    pipe.set_key(key)
    pipe.reflect(stamp.request(1, START, key), START, START)
    assert pipe.ask("transmitted", START + 17) == "ok"
    reply = stamp.read_reply(
        pipe.reflect(stamp.request(2, START, key, tlvs=stamp.follow_up()), START, START), key)
    flags, kind, value = reply["tlvs"][0]
    assert (flags, kind) == (0, stamp.FOLLOW_UP)
    assert value == bytes(4) + stamp.ntp(START + 17).to_bytes(8, "big") + bytes([2, 0, 0, 0])

    reflector = stamp.Reflector(key)
    pipe.receive(START, reflector.reflect(pipe.send(START, follow_up=True)[1], START, START, 64))
    reflector.left = (0, START + 42)
    answer = pipe.receive(
        START, reflector.reflect(pipe.send(START, follow_up=True)[1], START, START, 64))
    assert (answer["follow_up"], answer["left"]) == (0, START + 42)


@MODES
@pytest.mark.parametrize("size,asked", [(44, 300), (1472, 0), (1472, 1472), (600, 333)])
def test_sizes_are_as_asked_for(pipe, key, size, asked):
    pipe.set_key(key)
    sequence, probe = pipe.send(START, size, asked)
    least = 148 if key else 60
    assert len(probe) == max(size, least)
    reply = stamp.Reflector(key).reflect(probe, START, START, 64)
    assert len(reply) == max(least, (asked + 3) // 4 * 4)
    assert pipe.receive(START, reply)["resized"] == 1
    ours = pipe.reflect(probe, START, START)
    bound = 9216 if key else 3 * len(probe)
    assert len(ours) == min(bound, len(reply))
    assert stamp.read_reply(ours, key)["sender_sequence"] == sequence
    conformant = len(reply) <= bound
    assert stamp.read_reply(ours, key)["tlvs"][0][0] == (0 if conformant else stamp.C)


@MODES
def test_flags_of_unknown_tlvs(pipe, key):
    pipe.set_key(key)
    tlvs = stamp.tlv(99, b"abc") + stamp.tlv(stamp.PADDING, b"\xff" * 5)
    packet = stamp.request(1, START, key, tlvs=tlvs)
    reply = pipe.reflect(packet, START, START)
    assert len(reply) == len(packet)
    assert stamp.read_reply(reply, key)["tlvs"][:2] == [(stamp.U, 99, b"abc"),
                                                        (0, stamp.PADDING, b"\xff" * 5)]


def test_flags_of_broken_tlvs(pipe):
    pipe.set_key(KEY)
    packet = bytearray(stamp.request(1, START, KEY, tlvs=stamp.control(400)))
    packet[-1] ^= 1
    reply = pipe.reflect(packet, START, START)
    assert len(reply) == len(packet) and reply[112] == reply[128] == stamp.I
    packet = stamp.request(2, START, KEY, tlvs=stamp.control(400))[:-1]
    reply = pipe.reflect(packet, START, START)
    assert len(reply) == len(packet) and reply[112] == 0 and reply[128] == stamp.M


def test_a_wrong_key_is_refused_by_both_ends(pipe):
    pipe.set_key(KEY)
    refusal = "error the HMAC does not match: another key, or the packet was changed"
    other = bytes(32)
    assert pipe.reflect(stamp.request(1, START, other), START, START) == refusal
    base = stamp.REFLECTOR_SIGNED.pack(0, 0, 1, 0x4242, 0, 0, 0, 1, 64)
    assert pipe.receive(START, stamp.seal(base, other)) == refusal
    with pytest.raises(AssertionError, match="HMAC"):
        stamp.Reflector(other).reflect(pipe.send(START)[1], START, START, 64)
