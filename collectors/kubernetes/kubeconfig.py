"""From kubeconfig files, or the pod's own service account, to a client of the official library.

Files are merged as kubectl does: of a name that several files define, and of `current-context`, the first wins. Knowledge: Kubernetes
documentation, "Organizing Cluster Access Using kubeconfig Files" and "Accessing the API from a Pod".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

HOME = "~/.kube/config"
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
POOL = 16


def connect(kubeconfig: str | None, context: str | None) -> tuple[ApiClient, str, str]:
    """(client, name of the context, its namespace). Raises ConfigError, which names what is missing or broken."""
    if kubeconfig is None and context is None and not Path(HOME).expanduser().exists() and os.environ.get("KUBERNETES_SERVICE_HOST"):
        return _in_cluster()
    paths = kubeconfig or HOME
    name, namespace = _chosen(_documents(paths), context, paths)
    from kubernetes import client, config

    load: Any = config
    configuration = client.Configuration()
    try:
        load.load_kube_config(config_file=paths, context=name, client_configuration=configuration, persist_config=False)
    except (config.ConfigException, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ConfigError(f"the kubeconfig {paths} cannot be used with context {name!r}: {_one_line(error)}") from error
    return _client(configuration), name, namespace


def _in_cluster() -> tuple[ApiClient, str, str]:
    from kubernetes import client, config

    load: Any = config
    configuration = client.Configuration()
    try:
        load.load_incluster_config(client_configuration=configuration)
    except (config.ConfigException, OSError) as error:
        raise ConfigError(f"there is no kubeconfig, and the pod's own service account cannot be used: {_one_line(error)}") from error
    namespace = ""
    with suppress(OSError):
        namespace = NAMESPACE_FILE.read_text("utf-8").strip()
    return _client(configuration), "in-cluster", namespace or "default"


def _client(configuration: Any) -> ApiClient:
    from kubernetes import client

    configuration.connection_pool_maxsize = POOL
    return client.ApiClient(configuration)


def _documents(paths: str) -> list[Mapping[str, Any]]:
    """The files that exist, decoded."""
    import yaml

    found = []
    for path in (Path(p).expanduser() for p in paths.split(os.pathsep) if p):
        try:
            document = yaml.safe_load(path.read_text("utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the kubeconfig {path} cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" at line {mark.line + 1}" if mark else ""
            raise ConfigError(f"the kubeconfig {path} is not valid YAML{where}") from None
        if not isinstance(document, Mapping):
            raise ConfigError(f"the kubeconfig {path} is {'empty' if document is None else 'no kubeconfig: a mapping was due'}")
        found.append(document)
    if not found:
        raise ConfigError(f"there is no kubeconfig at {paths}: set KUBECONFIG, or leave the source kubernetes out")
    return found


def _chosen(documents: list[Mapping[str, Any]], context: str | None, paths: str) -> tuple[str, str]:
    """(context, namespace): the one asked for, else the current one."""
    contexts: dict[str, Any] = {}
    for document in documents:
        listed = document.get("contexts")
        for entry in listed if isinstance(listed, list) else []:
            if isinstance(entry, Mapping) and "name" in entry:
                contexts.setdefault(str(entry["name"]), entry.get("context"))
    name = context or next((str(d["current-context"]) for d in documents if d.get("current-context")), "")
    there = f"the contexts are {', '.join(sorted(contexts))}" if contexts else "it has no contexts at all"
    if not name:
        raise ConfigError(f"the kubeconfig {paths} has no current context: name one with --context; {there}")
    if name not in contexts:
        raise ConfigError(f"the kubeconfig {paths} has no context {name!r}; {there}")
    chosen = contexts[name]
    return name, str((chosen.get("namespace") if isinstance(chosen, Mapping) else None) or "default")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
