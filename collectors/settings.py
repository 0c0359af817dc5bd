"""Which sources are configured, and how: flags over environment over file, as plain mappings in, settings out.

Nothing here reads the environment or a file but the `…_FILE` secrets that are named; the command line passes both in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .errors import ConfigError
from .registry import COLLECTORS, collector, names

# Table and key → type. What is not listed is a typing error, and said so.
KEYS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "incident": {"service": str, "depends_on": list},
    "collect": {"timeout_s": (int, float)},
    "kubernetes": {"kubeconfig": str, "context": str, "namespaces": list, "selector": str, "log_limit_mib": int},
    "prometheus": {"url": str, "step_s": (int, float), "headers": dict, "query": list},
    "alertmanager": {"url": str, "alert_log": list},
    "pagerduty": {"url": str, "service_ids": list, "team_ids": list},
    "stamps": {"zone": str, "layout": list},
    "durations": {},
    "archive": {"path": str},
}
SECRET = re.compile(r"token|password|secret|api_?key", re.IGNORECASE)
SECRET_HEADER = re.compile(f"{SECRET.pattern}|api-?key|authorization|cookie", re.IGNORECASE)
NO_SECRETS = "secrets do not belong in this file; use the environment (retroline init lists the variables)"
THRESHOLD = re.compile(r"^\s*(>=|<=|==|!=|>|<)\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(%?)\s*$")


@dataclass(frozen=True)
class Flags:
    """What the command line says about sources; None and () mean unsaid."""

    kubeconfig: str | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    selector: str | None = None
    prometheus: str | None = None
    queries: tuple[str, ...] = ()
    alertmanager: str | None = None
    alert_log: tuple[str, ...] = ()
    pagerduty: str | None = None


@dataclass(frozen=True)
class Configured:
    """Settings by source name, and for every shipped source that is missing the sentence that says how to configure it."""

    sources: Mapping[str, Any]
    missing: Mapping[str, str] = field(default_factory=dict)


def read_config(path: Path | None) -> dict[str, Any]:
    """`retroline.toml` as checked tables; {} without one. Raises ConfigError naming line or key."""
    if path is None:
        return {}
    try:
        config = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no configuration file {path}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: lists within lists without end") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    for table, keys in config.items():
        if table not in others():
            _check_table(path, table, keys)
    return config


def _check_table(path: Path, table: str, keys: Any) -> None:
    if table not in KEYS:
        raise ConfigError(f"{path}: there is no table [{table}]; the tables are {', '.join(KEYS)}")
    if not isinstance(keys, dict):
        raise ConfigError(f"{path}: {table} must be a table, written [{table}]")
    for key, value in keys.items():
        if table == "durations":
            _check_pair(f"{path}: {table}.{key}", value)
            continue
        if SECRET.search(key):
            raise ConfigError(f"{path}: {table}.{key}: {NO_SECRETS}")
        if key not in KEYS[table]:
            raise ConfigError(f"{path}: there is no key {table}.{key}; the keys are {', '.join(KEYS[table])}")
        if not isinstance(value, KEYS[table][key]) or isinstance(value, bool):
            raise ConfigError(f"{path}: {table}.{key} has the wrong type ({type(value).__name__})")
        _check_value(f"{path}: {table}.{key}", key, value)


def _check_value(where: str, key: str, value: Any) -> None:
    if isinstance(value, list) and key not in ("query", "layout") and not all(isinstance(one, str) for one in value):
        raise ConfigError(f"{where} must be a list of texts")
    if isinstance(value, int | float) and not value > 0:
        raise ConfigError(f"{where} must be more than 0")
    if isinstance(value, dict) and any(SECRET_HEADER.search(name) for name in value):
        raise ConfigError(f"{where}: {NO_SECRETS}")
    if key == "url" and "@" in value.partition("://")[2].partition("/")[0]:
        raise ConfigError(f"{where}: {NO_SECRETS}")


def _check_pair(where: str, value: Any) -> None:
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)):
        raise ConfigError(f'{where} must be two milestone names, such as ["detected", "mitigation_started"]')


def configured(flags: Flags, env: Mapping[str, str], config: Mapping[str, Any], *, home: Path | None = None, wrong: dict[str, str] | None = None) -> Configured:
    """Settings of every source that flags, environment or file configure.

    Raises ConfigError for what is half configured, unless `wrong` is given, which then takes its sentence by name.
    """
    makers = {"kubernetes": _kubernetes, "prometheus": _prometheus, "alertmanager": _alertmanager, "pagerduty": _pagerduty}
    sources: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name, maker in makers.items():
        try:
            made = maker(flags, env, config.get(name), home)
        except ConfigError as error:
            if wrong is None:
                raise
            wrong[name] = str(error)
            continue
        if isinstance(made, str):
            missing[name] = made
        else:
            sources[name] = made
    sources |= {name: _other(name, config[name]) for name in others() if name in config}
    return Configured(sources, missing)


def others() -> list[str]:
    """Names of the sources that installed packages add; each is configured by a table of its name."""
    return [name for name in names() if name not in COLLECTORS]


def _other(name: str, table: Any) -> Any:
    try:
        return collector(name).Settings(**table)
    except TypeError as error:
        raise ConfigError(f"[{name}] does not fit this source: {error}") from error


def secret(env: Mapping[str, str], name: str) -> str | None:
    """A secret from `NAME`, else from the file that `NAME_FILE` names, without the newline at its end."""
    if env.get(name):
        return env[name].strip()
    path = env.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_FILE: cannot read {path}: {getattr(error, 'strerror', None) or 'it is not text'}") from error


def _kubernetes(flags: Flags, env: Mapping[str, str], table: Mapping[str, Any] | None, home: Path | None) -> Any:
    from . import kubernetes

    said = flags.kubeconfig or flags.context or flags.namespaces or flags.selector
    usual = home is not None and (home / ".kube" / "config").is_file()
    if not (said or table is not None or env.get("KUBECONFIG") or env.get("KUBERNETES_SERVICE_HOST") or usual):
        return "kubernetes: set KUBECONFIG, or give --namespace, or add [kubernetes] to the configuration"
    table = table or {}
    return kubernetes.Settings(
        kubeconfig=flags.kubeconfig or env.get("KUBECONFIG") or table.get("kubeconfig"),
        context=flags.context or table.get("context"),
        namespaces=flags.namespaces or tuple(table.get("namespaces", ())),
        selector=flags.selector or table.get("selector", ""),
        log_limit_bytes=table.get("log_limit_mib", 256) * 1024 * 1024,
    )


def _prometheus(flags: Flags, env: Mapping[str, str], table: Mapping[str, Any] | None, home: Path | None) -> Any:
    del home
    from . import prometheus

    table = table or {}
    url = flags.prometheus or env.get("PROMETHEUS_URL") or table.get("url")
    if not url:
        if flags.queries:
            raise ConfigError("--query needs a Prometheus: give --prometheus URL or set PROMETHEUS_URL")
        return "prometheus: give --prometheus URL or set PROMETHEUS_URL"
    written = [_query_table(entry, number) for number, entry in enumerate(table.get("query", []), 1)]
    return prometheus.Settings(
        url=_url("Prometheus", url),
        token=secret(env, "PROMETHEUS_TOKEN"),
        user=secret(env, "PROMETHEUS_USER"),
        password=secret(env, "PROMETHEUS_PASSWORD"),
        org_id=secret(env, "PROMETHEUS_ORG_ID"),
        headers=tuple((str(k), str(v)) for k, v in table.get("headers", {}).items()),
        queries=(*written, *(_query_flag(text) for text in flags.queries)),
        step_s=table.get("step_s"),
    )


def _query_flag(text: str) -> Any:
    from .prometheus import Query

    name, found, expr = text.partition("=")
    if not found or not name.strip() or not expr.strip():
        raise ConfigError(f"--query is written 'name=expression', not {text!r}")
    return Query(name.strip(), expr.strip())


def _query_table(entry: Any, number: int) -> Any:
    from .prometheus import Query

    where = f"prometheus.query {number}"
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not isinstance(entry.get("expr"), str):
        raise ConfigError(f"{where}: name and expr are needed")
    unknown = entry.keys() - {"name", "expr", "threshold"}
    if unknown:
        raise ConfigError(f"{where}: there is no key {sorted(unknown)[0]}; the keys are name, expr, threshold")
    if "threshold" not in entry:
        return Query(entry["name"], entry["expr"])
    match = THRESHOLD.match(str(entry["threshold"]))
    if not match:
        raise ConfigError(f'{where}: threshold is written like "> 0.05" or "> 5 %"')
    return Query(entry["name"], entry["expr"], threshold=float(match[2]) / (100 if match[3] else 1), op=match[1])


def _alertmanager(flags: Flags, env: Mapping[str, str], table: Mapping[str, Any] | None, home: Path | None) -> Any:
    del home
    from . import alertmanager

    table = table or {}
    url = flags.alertmanager or env.get("ALERTMANAGER_URL") or table.get("url")
    logs = flags.alert_log or tuple(filter(None, [env.get("ALERTMANAGER_WEBHOOK_LOG")])) or tuple(table.get("alert_log", ()))
    if not url and not logs:
        return "alertmanager: give --alertmanager URL or --alert-log FILE, or set ALERTMANAGER_URL or ALERTMANAGER_WEBHOOK_LOG"
    return alertmanager.Settings(
        url=_url("Alertmanager", url) if url else None,
        user=secret(env, "ALERTMANAGER_USER"),
        password=secret(env, "ALERTMANAGER_PASSWORD"),
        token=secret(env, "ALERTMANAGER_TOKEN"),
        alert_log=logs,
    )


def _pagerduty(flags: Flags, env: Mapping[str, str], table: Mapping[str, Any] | None, home: Path | None) -> Any:
    del home
    from . import pagerduty

    url = flags.pagerduty or env.get("PAGERDUTY_URL") or (table or {}).get("url")
    token = secret(env, "PAGERDUTY_TOKEN")
    if not token:
        if url or table is not None:
            raise ConfigError("PagerDuty is configured but its token is missing: set PAGERDUTY_TOKEN or PAGERDUTY_TOKEN_FILE")
        return "pagerduty: set PAGERDUTY_TOKEN (and PAGERDUTY_URL=https://api.eu.pagerduty.com for EU accounts)"
    services, teams = (tuple((table or {}).get(key, ())) for key in ("service_ids", "team_ids"))
    return pagerduty.Settings(url=_url("PagerDuty", url) if url else pagerduty.Settings.url, token=token, service_ids=services, team_ids=teams)


def _url(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not re.match(r"^https?://[^/\s]+", url):
        shown = repr(url) if "@" not in url else "what is given"
        raise ConfigError(f"the URL of {name} must begin with http:// or https:// and name a host, not {shown}")
    return url
