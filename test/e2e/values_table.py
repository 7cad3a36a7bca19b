#!/usr/bin/python3
"""Prints the table of the chart's values for helm-chart/meshcheck/README.md: names and defaults of values.yaml,
descriptions of values.schema.json."""

import json

from chart import described, leaves


def allowed(schema):
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(one).strip(chr(34))}`" for one in schema["enum"])
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    return ""


def table():
    rows = ["| value | default | bounds | meaning |", "|---|---|---|---|"]
    for path, default in leaves():
        schema = described(path)
        rows.append(f"| `{'.'.join(path)}` | `{json.dumps(default)}` | {allowed(schema)} | {schema['description']} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table(), end="")
