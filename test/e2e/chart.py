"""helm as a Python object: what the chart renders to, without a cluster."""

import copy
import json
import os
import pathlib
import shutil
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm-chart" / "meshcheck"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# The kinds that belong to the Prometheus operator, as `helm template` is told of them.
OPERATOR = [f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in ("ServiceMonitor", "PrometheusRule")]


def program(name):
    """Path of a program that the tests need; without it the test is skipped, and says so."""
    found = os.environ.get(name.upper()) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed; put it on PATH, or its path into {name.upper()}")
    return found


def run(*command, stdin=None, timeout=120):
    return subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True,
                          check=False, timeout=timeout)


def must(*command, **options):
    ended = run(*command, **options)
    assert ended.returncode == 0, f"{' '.join(map(str, command))}: {ended.stdout}{ended.stderr}"
    return ended.stdout


def leaves(tree=None, path=()):
    """(path, default) of every value of values.yaml; lists and empty maps are values."""
    for key, value in (VALUES if tree is None else tree).items():
        if isinstance(value, dict) and value and key != "resources":
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def described(path):
    """The schema of a value."""
    schema = SCHEMA
    for key in path:
        schema = schema["properties"][key]
    return schema


def values_with(path, value):
    """Values that change one of the defaults, for `render`."""
    changed = value
    for key in reversed(path):
        changed = {key: changed}
    return changed


def merged(*changes):
    def into(base, change):
        for key, value in change.items():
            both_are_maps = isinstance(value, dict) and isinstance(base.get(key), dict)
            base[key] = into(base[key], value) if both_are_maps else copy.deepcopy(value)
        return base
    result = {}
    for change in changes:
        into(result, change)
    return result


def template(values=None, *flags, name="meshcheck", namespace="meshcheck"):
    """The result of `helm template`, as text."""
    return run(program("helm"), "template", name, CHART, "--namespace", namespace, "--values", "-", *flags,
               stdin=json.dumps(values or {}))


def render(values=None, *flags, **options):
    """The objects of the chart, in the order of the output."""
    ended = template(values, *flags, **options)
    assert ended.returncode == 0, ended.stderr
    return [made for made in yaml.safe_load_all(ended.stdout) if made]


def of_kind(objects, kind):
    return [made for made in objects if made["kind"] == kind]


def named(objects, kind, name):
    (found,) = [made for made in of_kind(objects, kind) if made["metadata"]["name"] == name]
    return found


def placed(objects):
    """Those that are in a namespace."""
    return [made for made in objects if not made["kind"].startswith("ClusterRole")]


def pods(objects):
    return {made["metadata"]["name"]: made["spec"]["template"] for made in objects
            if made["kind"] in ("DaemonSet", "StatefulSet")}


def arguments(objects, name):
    (container,) = pods(objects)[name]["spec"]["containers"]
    return container["args"]
