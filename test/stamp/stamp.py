"""STAMP written a second time, from the RFCs alone: what mesh/stamp is held against.

RFC 8762 (base packets), RFC 8972 (SSID and TLVs), RFC 10052 (sizes of replies). Nothing here is
shared with the C++ code. Times are nanoseconds since 1970; timestamps are in NTP's format.
"""
import hashlib
import hmac
import struct

PADDING, FOLLOW_UP, HMAC, CONTROL = 1, 7, 8, 12
U, M, I, C = 0x80, 0x40, 0x20, 0x10

# RFC 8972 figures 1 to 4; "x" is Must Be Zero.
SENDER_OPEN = struct.Struct("!IQHH28x")
SENDER_SIGNED = struct.Struct("!I12xQHH68x")
REFLECTOR_OPEN = struct.Struct("!IQHHQIQH2xB3x")
REFLECTOR_SIGNED = struct.Struct("!I12xQHH4xQ8xI12xQH6xB15x")
ERROR = 0x0001


def ntp(nanoseconds):
    seconds, rest = divmod(nanoseconds, 10**9)
    return ((seconds + 2208988800) % 2**32) << 32 | (rest << 32) // 10**9


def unix(timestamp):
    seconds = timestamp >> 32
    if seconds < 2**31:
        seconds += 2**32
    return (seconds - 2208988800) * 10**9 + round((timestamp & 0xffffffff) * 10**9 / 2**32)


def digest(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()[:16]


def seal(base, key):
    return base + digest(key, base) if key else base


def unseal(packet, key):
    """The fixed part without its HMAC, and what follows."""
    if not key:
        return packet[:44], packet[44:]
    assert hmac.compare_digest(digest(key, packet[:96]), packet[96:112]), "HMAC"
    return packet[:96], packet[112:]


def tlv(kind, value, flags=U):
    return struct.pack("!BBH", flags, kind, len(value)) + value


def control(size, count=1, interval=0):
    return tlv(CONTROL, struct.pack("!HHI4x", size, count, interval))


def follow_up():
    return tlv(FOLLOW_UP, bytes(16))


def tlv_hmac(sequence, tlvs, key, flags=U):
    return tlv(HMAC, digest(key, struct.pack("!I", sequence) + tlvs), flags)


def split(data):
    """[(flags, type, value)], as long as they are whole."""
    found = []
    while data:
        flags, kind, length = struct.unpack("!BBH", data[:4])
        assert len(data) >= 4 + length, "TLV cut"
        found.append((flags, kind, data[4:4 + length]))
        data = data[4 + length:]
    return found


def request(sequence, now, key=None, ssid=7, tlvs=b""):
    """A sender's packet; TLVs get the HMAC that authenticated mode wants."""
    layout = SENDER_SIGNED if key else SENDER_OPEN
    packet = seal(layout.pack(sequence, ntp(now), ERROR, ssid), key)
    if key and tlvs:
        tlvs += tlv_hmac(sequence, tlvs, key)
    return packet + tlvs


def read_reply(packet, key=None):
    base, rest = unseal(packet, key)
    layout = REFLECTOR_SIGNED if key else REFLECTOR_OPEN
    names = ("sequence", "sent", "error", "ssid", "received", "sender_sequence", "sender_sent",
             "sender_error", "ttl")
    fields = dict(zip(names, layout.unpack(base)))
    # Reserved octets are written as zeros: packing the fields again gives the same octets.
    assert layout.pack(*fields.values()) == base
    fields["tlvs"] = split(rest)
    for index, (_, kind, value) in enumerate(fields["tlvs"]):
        if kind == HMAC and key:
            before = b"".join(tlv(k, v, f) for f, k, v in fields["tlvs"][:index])
            assert value == digest(key, struct.pack("!I", fields["sequence"]) + before), "TLV HMAC"
    return fields


class Reflector:
    """Stateful, one session; replies of the size asked for."""

    def __init__(self, key=None):
        self.key = key
        self.sequence = 0
        self.left = (0, 0)  # Sequence number and true time of the reply before.

    def reflect(self, packet, received, now, ttl):
        key = self.key
        base, rest = unseal(packet, key)
        sequence, sent, error, ssid = (SENDER_SIGNED if key else SENDER_OPEN).unpack(base)
        layout = REFLECTOR_SIGNED if key else REFLECTOR_OPEN
        reply = seal(layout.pack(self.sequence, ntp(now), ERROR, ssid, ntp(received), sequence, sent,
                                 error, ttl), key)
        tlvs, padding, signed, wanted = b"", 0, False, None
        for flags, kind, value in split(rest):
            assert flags == U, "a sender sets U and no other flag"
            if kind == PADDING:
                padding += 4 + len(value)
            elif kind == FOLLOW_UP:
                assert value == bytes(16)
                left, time = self.left
                tlvs += tlv(kind, struct.pack("!IQB3x", left, time and ntp(time), 2 if time else 0), 0)
            elif kind == CONTROL:
                wanted = struct.unpack("!HHI", value[:8])[0]
                tlvs += tlv(kind, value, 0)
            elif kind == HMAC:
                # The last one, so all before it is covered.
                assert value == digest(key, base[:4] + rest[:-20]), "TLV HMAC"
                signed = True
        least = len(reply) + len(tlvs) + 20 * signed
        size = least + padding if wanted is None else max(least, (wanted + 3) // 4 * 4)
        if size > least:
            tlvs += tlv(PADDING, bytes(size - least - 4), 0)
        if signed:
            tlvs += tlv_hmac(self.sequence, tlvs, key, 0)
        self.sequence = (self.sequence + 1) % 2**32
        self.left = (0, 0)
        return reply + tlvs
