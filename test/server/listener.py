"""A client of /api/v1/events."""

import json


class Listener:
    def __init__(self, server, last_id=None, query=""):
        self.connection = server.connect()
        self.connection.settimeout(20)
        header = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        self.connection.sendall(f"GET /api/v1/events{query} HTTP/1.0\r\n{header}\r\n".encode())
        self.stream = self.connection.makefile("r", encoding="utf-8", newline="\n")
        self.head = "".join(iter(self.stream.readline, "\r\n"))

    def event(self):
        """The next one: type, id and data. The id is None if it has none."""
        fields = {}
        for line in self.stream:
            if line == "\n" and "event" in fields:
                return fields["event"], fields.get("id"), json.loads(fields["data"])
            if line != "\n":
                key, _, value = line.rstrip("\n").partition(": ")
                fields[key] = value
        return None

    def close(self):
        self.stream.close()
        self.connection.close()
