"""Whose log a saved file is, as far as its path tells."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from .packed import unpacked

NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
# What is put behind a log's name when it is rotated: a number or a date.
ROTATED = re.compile(r"(?<=\.log)[.-]\d[\d-]*\Z")
LOG_SUFFIXES = (".log", ".out", ".err")
# Files of a node below /var/log/containers and /var/log/pods, and those that `oc adm must-gather` saves.
NODE_FILE = re.compile(r"(?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9-]+)_(?P<container>[a-z0-9-]+)-(?P<instance>[0-9a-f]{64})")
NODE_FOLDER = re.compile(r"(?:.*/)?(?P<namespace>[a-z0-9-]+)_(?P<pod>[a-z0-9.-]+)_[0-9a-f-]{32,36}/(?P<container>[a-z0-9-]+)/\d+\.log")
GATHERED = re.compile(
    r"(?:.*/)?namespaces/(?P<namespace>[a-z0-9-]+)/pods/(?P<pod>[a-z0-9.-]+)/(?P<container>[a-z0-9-]+)/(?P=container)/logs/"
    r"(?P<when>current|previous)(?:\.insecure)?\.log"
)
LOGS_ABOVE = {"logs", "log", "namespaces"}
NOT_A_POD = LOGS_ABOVE | {"during", "after", "before", "baseline", "kubernetes", "k8s", "previous", "current", "pods"}


def says_log(relative: str) -> bool:
    """Whether the path calls the file a log: its ending, rotated or not, or a folder `logs` above it."""
    path = PurePosixPath(ROTATED.sub("", unpacked(relative)))
    return path.suffix in LOG_SUFFIXES or "logs" in path.parts[:-1]


def log_path(relative: str) -> dict[str, str]:
    """Namespace, pod, container, instance and previous as far as a log's path tells them, else "".

    `POD/CONTAINER.log`, `POD/CONTAINER.previous.log`, `POD_CONTAINER.log`, `POD.log`, the node's own `POD_NAMESPACE_CONTAINER-ID.log` and
    `NAMESPACE_POD_UID/CONTAINER/0.log`, and must-gather's; a folder above the pods is their namespace where it lies in a folder `logs` or `namespaces`.
    A rotated file is of the same container as the others.
    """
    path = PurePosixPath(ROTATED.sub("", unpacked(relative)))
    stem = path.name.removesuffix(path.suffix if path.suffix in (*LOG_SUFFIXES, ".txt") else "")
    said = stem.removesuffix(".previous").removesuffix("_previous")
    about = {"namespace": "", "pod": "", "container": "", "instance": "", "previous": "true" if said != stem else "false"}
    node_file = NODE_FILE.fullmatch(said) or NODE_FOLDER.fullmatch(path.as_posix())
    if node_file:
        return {**about, **node_file.groupdict()}
    gathered = GATHERED.fullmatch(path.as_posix())
    if gathered:
        whose = gathered.groupdict()
        return {**about, "previous": "true" if whose.pop("when") == "previous" else "false", **whose}
    above: list[str] = ["", "", *path.parts[:-1]]
    parent = above.pop()
    first, _, second = said.partition("_")
    if second:
        named = (first, second)
        above.append(parent)
    elif parent and parent not in NOT_A_POD:
        named = (parent, said)
    else:
        named = (said, "")
        above.append(parent)
    if all(NAME.fullmatch(name) or not name for name in named):
        about.update(pod=named[0], container=named[1])
        if above[-2] in LOGS_ABOVE and above[-1] not in NOT_A_POD and NAME.fullmatch(above[-1]):
            about["namespace"] = above[-1]
    return about
