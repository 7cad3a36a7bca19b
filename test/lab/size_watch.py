"""What the mesh says of sizes, asked again and again."""

from asker import Asker
from lab import LabError
from waiting import looks

# What accuses a path of something that is done to large packets or to fragments.
SIZE_CLASSES = frozenset(("reduced", "reduced_signalled", "black_hole", "fragments_dropped"))
DIRECTIONS = ("forward", "backward")
POLL = 0.5           # Seconds.
CLEAR_WITHIN = 90.0


class SizeWatch:
    """Of one lab. Ends with it."""

    def __init__(self, lab):
        self._lab = lab
        self._asker = Asker(lab)

    def paths(self):
        """The paths between agents; empty while the server does not answer."""
        answer = self._asker.json("/api/v1/mtu")
        return answer["paths"] if answer else []

    def wait_until_clear(self):
        """Until every path is known to carry all sizes, as it has to be before something is done to it."""
        for _ in looks(CLEAR_WITHIN, POLL):
            paths = self.paths()
            unclear = [f"{describe(path)}: {way}" for path in paths for _, way in ways(path) if way["class"] != "clear"]
            if len(paths) == paths_of(self._lab) and not unclear:
                return
        raise LabError(f"{len(paths)} of {paths_of(self._lab)} paths, and not clear are {unclear[:4]}")


def node_of(name):
    return int(name.rsplit("-", 1)[1])


def ways(path):
    """Each of a path's two directions: its nodes in the order the packets go, and what is said of it."""
    ends = node_of(path["from_node"]), node_of(path["to_node"])
    return [(ends, path["forward"]), (ends[::-1], path["backward"])]


def paths_of(lab):
    """How many paths a full mesh has: peers on both layers and twins, in each family."""
    return 2 * lab.nodes * lab.nodes * (2 if lab.ipv6 else 1)


def describe(path):
    return f"{path['from']} to {path['to']}, {path['family']}"
