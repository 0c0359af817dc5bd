"""Configuration: flags over environment over file, secrets apart, and every mistake named."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from retroline.collectors.errors import ConfigError
from retroline.collectors.settings import Configured, Flags, configured, read_config, secret
from retroline.collectors.template import TEMPLATE

PROMETHEUS = "[prometheus]\nurl = 'http://file:9090'\n"


def found(flags: Flags | None = None, env: dict[str, str] | None = None, config: str = "") -> Configured:
    return configured(flags or Flags(), env or {}, tomllib.loads(config))


def config(folder: Path, text: str) -> dict[str, Any]:
    path = folder / "retroline.toml"
    path.write_text(text, "utf-8")
    return read_config(path)


@pytest.mark.parametrize(
    ("flags", "env", "text", "setting", "value"),
    [
        (Flags(prometheus="http://flag:1"), {"PROMETHEUS_URL": "http://env:1"}, PROMETHEUS, "prometheus.url", "http://flag:1"),
        (Flags(), {"PROMETHEUS_URL": "http://env:1"}, PROMETHEUS, "prometheus.url", "http://env:1"),
        (Flags(), {}, PROMETHEUS, "prometheus.url", "http://file:9090"),
        (Flags(alertmanager="http://flag:1"), {"ALERTMANAGER_URL": "http://env:1"}, "", "alertmanager.url", "http://flag:1"),
        (Flags(), {"ALERTMANAGER_URL": "http://env:1"}, "[alertmanager]\nurl = 'http://file'", "alertmanager.url", "http://env:1"),
        (Flags(alert_log=("a", "b")), {"ALERTMANAGER_WEBHOOK_LOG": "c"}, "", "alertmanager.alert_log", ("a", "b")),
        (Flags(), {"ALERTMANAGER_WEBHOOK_LOG": "c"}, "[alertmanager]\nalert_log = ['d']", "alertmanager.alert_log", ("c",)),
        (Flags(), {}, "[alertmanager]\nalert_log = ['d', 'e']", "alertmanager.alert_log", ("d", "e")),
        (Flags(pagerduty="http://flag"), {"PAGERDUTY_URL": "http://env", "PAGERDUTY_TOKEN": "t"}, "", "pagerduty.url", "http://flag"),
        (Flags(), {"PAGERDUTY_TOKEN": "t"}, "[pagerduty]\nurl = 'https://api.eu.pagerduty.com'", "pagerduty.url", "https://api.eu.pagerduty.com"),
        (Flags(), {"PAGERDUTY_TOKEN": "t"}, "", "pagerduty.url", "https://api.pagerduty.com"),
        (Flags(), {"PAGERDUTY_TOKEN": "t"}, "[pagerduty]\nservice_ids = ['P1']", "pagerduty.service_ids", ("P1",)),
        (Flags(kubeconfig="flag"), {"KUBECONFIG": "env"}, "[kubernetes]\nkubeconfig = 'file'", "kubernetes.kubeconfig", "flag"),
        (Flags(), {"KUBECONFIG": "env"}, "[kubernetes]\nkubeconfig = 'file'", "kubernetes.kubeconfig", "env"),
        (Flags(), {}, "[kubernetes]\nkubeconfig = 'file'", "kubernetes.kubeconfig", "file"),
        (Flags(namespaces=("a", "b")), {}, "[kubernetes]\nnamespaces = ['c']", "kubernetes.namespaces", ("a", "b")),
        (Flags(), {}, "[kubernetes]\nnamespaces = ['c']\nselector = 'app=x'", "kubernetes.namespaces", ("c",)),
        (Flags(selector="app=y"), {}, "[kubernetes]\nselector = 'app=x'", "kubernetes.selector", "app=y"),
        (Flags(), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "", "kubernetes.kubeconfig", None),
        (Flags(), {}, "[kubernetes]\nlog_limit_mib = 2", "kubernetes.log_limit_bytes", 2 * 1024 * 1024),
    ],
)  # fmt: skip
def test_flags_beat_the_environment_beats_the_file(flags: Flags, env: dict[str, str], text: str, setting: str, value: object) -> None:
    """Each setting comes from the nearest place that says it."""
    source, _, key = setting.partition(".")

    assert getattr(found(flags, env, text).sources[source], key) == value


def test_nothing_configured_says_what_to_do() -> None:
    """Without any source there are none, and each shipped one has its sentence."""
    nothing = found()

    assert nothing.sources == {}
    assert {name: any(w in said for w in ("KUBECONFIG", "_URL", "_TOKEN")) for name, said in nothing.missing.items()} == dict.fromkeys(
        ("kubernetes", "prometheus", "alertmanager", "pagerduty"), True
    )


def test_a_usual_kubeconfig_is_found(tmp_path: Path) -> None:
    """`~/.kube/config` is enough to configure Kubernetes."""
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text("{}")

    assert "kubernetes" in configured(Flags(), {}, {}, home=tmp_path).sources


SECRETS = {
    "PROMETHEUS_TOKEN": ("prometheus", "token"),
    "PROMETHEUS_USER": ("prometheus", "user"),
    "PROMETHEUS_PASSWORD": ("prometheus", "password"),
    "PROMETHEUS_ORG_ID": ("prometheus", "org_id"),
    "ALERTMANAGER_USER": ("alertmanager", "user"),
    "ALERTMANAGER_PASSWORD": ("alertmanager", "password"),
    "PAGERDUTY_TOKEN": ("pagerduty", "token"),
}
URLS = {"PROMETHEUS_URL": "http://p", "ALERTMANAGER_URL": "http://a", "PAGERDUTY_TOKEN": "else"}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, name: str) -> None:
    """`NAME` holds the secret, or `NAME_FILE` the path of a file; the newline at its end is no part of it."""
    source, key = SECRETS[name]
    (tmp_path / "secret").write_text("s3cret \n")
    base = {k: v for k, v in URLS.items() if k != name}

    assert getattr(found(env={**base, name: "s3cret"}).sources[source], key) == "s3cret"
    assert getattr(found(env={**base, f"{name}_FILE": str(tmp_path / "secret")}).sources[source], key) == "s3cret"
    assert getattr(found(env={**base, name: "direct", f"{name}_FILE": str(tmp_path / "secret")}).sources[source], key) == "direct"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, and one that is not text, name the variable and never the content."""
    (tmp_path / "bytes").write_bytes(b"\xffs3cret")

    with pytest.raises(ConfigError, match=r"PAGERDUTY_TOKEN_FILE: cannot read .*none: No such file"):
        secret({"PAGERDUTY_TOKEN_FILE": str(tmp_path / "none")}, "PAGERDUTY_TOKEN")
    with pytest.raises(ConfigError, match=r"PAGERDUTY_TOKEN_FILE: cannot read .*: it is not text") as caught:
        secret({"PAGERDUTY_TOKEN_FILE": str(tmp_path / "bytes")}, "PAGERDUTY_TOKEN")

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("flags", "env", "text"), [(Flags(pagerduty="https://x"), {}, ""), (Flags(), {"PAGERDUTY_URL": "https://x"}, ""), (Flags(), {}, "[pagerduty]")]
)
def test_a_missing_token_names_its_variable(flags: Flags, env: dict[str, str], text: str) -> None:
    """PagerDuty half configured is an error with the variable's name."""
    with pytest.raises(ConfigError, match="set PAGERDUTY_TOKEN or PAGERDUTY_TOKEN_FILE"):
        found(flags, env, text)


@pytest.mark.parametrize(
    ("written", "op", "value"),
    [
        ("> 0.05", ">", 0.05),
        ("> 5 %", ">", 0.05),
        (">5%", ">", 0.05),
        ("<= -1.5e3", "<=", -1500.0),
        ("== 0", "==", 0.0),
        ("!= 1", "!=", 1.0),
        ("  < 99.9 % ", "<", 0.999),
    ],
)
def test_thresholds(written: str, op: str, value: float) -> None:
    """A threshold is a comparison with a number or a percentage."""
    query = found(config=f"{PROMETHEUS}[[prometheus.query]]\nname = 'q'\nexpr = 'up'\nthreshold = '{written}'").sources["prometheus"].queries[0]

    assert (query.op, query.threshold) == (op, pytest.approx(value))


@pytest.mark.parametrize("written", ["'0.05'", "0.05", "'> x'", "'=> 5'", "'> 5 percent'", "'> '", "'> nan'"])
def test_a_threshold_that_is_none_is_named(written: str) -> None:
    """Anything else says how a threshold is written and in which query."""
    with pytest.raises(ConfigError, match=r'prometheus.query 1: threshold is written like "> 0.05" or "> 5 %"'):
        found(config=f"{PROMETHEUS}[[prometheus.query]]\nname = 'q'\nexpr = 'up'\nthreshold = {written}")


def test_queries_from_file_and_flags_are_both_asked() -> None:
    """`--query` adds to what the file names; only the first `=` divides name from expression."""
    flags = Flags(queries=('errors=sum(rate(x{code="500"}[1m]))',))

    queries = found(flags, config=f"{PROMETHEUS}[[prometheus.query]]\nname = 'q'\nexpr = 'up'").sources["prometheus"].queries

    assert [(q.name, q.expr) for q in queries] == [("q", "up"), ("errors", 'sum(rate(x{code="500"}[1m]))')]


@pytest.mark.parametrize("written", ["up", "=up", "name=", " = "])
def test_a_query_flag_without_name_or_expression_is_refused(written: str) -> None:
    """`--query` says how it is written."""
    with pytest.raises(ConfigError, match="--query is written 'name=expression'"):
        found(Flags(prometheus="http://x", queries=(written,)))


def test_a_query_without_prometheus_is_refused() -> None:
    """`--query` alone names what is missing."""
    with pytest.raises(ConfigError, match="--query needs a Prometheus"):
        found(Flags(queries=("a=b",)))


@pytest.mark.parametrize(
    ("flags", "env"), [(Flags(prometheus="prom:9090"), {}), (Flags(alertmanager="ftp://x"), {}), (Flags(pagerduty="//x"), {"PAGERDUTY_TOKEN": "t"})]
)
def test_an_url_without_http_is_refused(flags: Flags, env: dict[str, str]) -> None:
    """A URL must say http:// or https://."""
    with pytest.raises(ConfigError, match="must begin with http:// or https://"):
        found(flags, env)


@pytest.mark.parametrize("url", ["http://[::1", "http://h:99999", "http://:80", "https://user:word@h:x"])
def test_an_url_without_a_host_is_refused(url: str) -> None:
    """A host that cannot be, or a port beyond all ports, is refused before anything is asked, without showing a password."""
    with pytest.raises(ConfigError, match="name a host") as refused:
        found(Flags(prometheus=url), {})

    assert "word" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[prometheus\n", "line 1"),
        ("[prometheus]\nurl = 'x'\nurl = 'y'\n", "line 3"),
        ("[prometheos]\n", r"there is no table \[prometheos\]; the tables are incident"),
        ("[prometheus]\nurls = 'x'\n", "there is no key prometheus.urls; the keys are url, step_s"),
        ("[prometheus]\nurl = 5\n", r"prometheus.url has the wrong type \(int\)"),
        ("[kubernetes]\nnamespaces = 'shop'\n", "kubernetes.namespaces has the wrong type"),
        ("[kubernetes]\nnamespaces = [5]\n", "kubernetes.namespaces must be a list of texts"),
        ("[incident]\ndepends_on = [['a']]\n", "incident.depends_on must be a list of texts"),
        ("[collect]\ntimeout_s = true\n", "collect.timeout_s has the wrong type"),
        ("[collect]\ntimeout_s = 0\n", "collect.timeout_s must be more than 0"),
        ("[prometheus]\nstep_s = -5\n", "prometheus.step_s must be more than 0"),
        ("[kubernetes]\nlog_limit_mib = 0\n", "kubernetes.log_limit_mib must be more than 0"),
        ("prometheus = 'http://x'\n", r"prometheus must be a table, written \[prometheus\]"),
        ("[durations]\nmine = 'change'\n", "durations.mine must be two milestone names"),
        ("[durations]\nmine = ['change']\n", "durations.mine must be two milestone names"),
        ("[durations]\nmine = 5\n", "durations.mine must be two milestone names"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    """A mistake in the file is a ConfigError with the file and the line or key."""
    with pytest.raises(ConfigError, match=named) as caught:
        config(tmp_path, text)

    assert "retroline.toml" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "[pagerduty]\ntoken = 's3cret'\n",
        "[prometheus]\npassword = 's3cret'\n",
        "[alertmanager]\napi_key = 's3cret'\n",
        "[prometheus]\nheaders = { Authorization = 'Bearer s3cret' }\n",
        "[prometheus]\nheaders = { X-Api-Key = 's3cret' }\n",
        "[prometheus]\nheaders = { Cookie = 's3cret' }\n",
        "[prometheus]\nurl = 'https://me:s3cret@prometheus.example.com'\n",
    ],
)
def test_secrets_in_the_file_are_refused(tmp_path: Path, text: str) -> None:
    """A secret does not belong in the file; the sentence does not repeat it."""
    with pytest.raises(ConfigError, match="secrets do not belong in this file") as caught:
        config(tmp_path, text)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("entry", "named"), [("name = 'q'", "name and expr are needed"), ("name = 'q'\nexpr = 'up'\nlimit = 5", "there is no key limit")])
def test_a_broken_query_is_named(entry: str, named: str) -> None:
    """A query's mistake says which query it is."""
    with pytest.raises(ConfigError, match=f"prometheus.query 1: {named}"):
        found(config=f"{PROMETHEUS}[[prometheus.query]]\n{entry}")


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    """A missing file, a folder and another encoding are ConfigErrors."""
    (tmp_path / "bytes.toml").write_bytes(b"a = '\xff'")

    with pytest.raises(ConfigError, match="there is no configuration file"):
        read_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="Is a directory"):
        read_config(tmp_path)
    with pytest.raises(ConfigError, match=r"bytes\.toml"):
        read_config(tmp_path / "bytes.toml")


@pytest.mark.parametrize("text", ["a = " + "1" * 5000, "a = " + "[" * 100_000])
def test_what_no_parser_takes_is_named(tmp_path: Path, text: str) -> None:
    """A number of thousands of digits and lists without end are ConfigErrors with the file's name."""
    (tmp_path / "odd.toml").write_text(text)

    with pytest.raises(ConfigError, match=r"odd\.toml"):
        read_config(tmp_path / "odd.toml")


def test_the_template_is_a_valid_file(tmp_path: Path) -> None:
    """What `init` writes is accepted as it is, and with every line that is commented out switched on."""
    import re

    lines = [re.sub(r"^# (?=\[|[a-z_]+ = )", "", line) for line in TEMPLATE.splitlines()]
    everything = config(tmp_path, "\n".join(lines))

    assert config(tmp_path, TEMPLATE) == {"incident": {}, "collect": {}}
    assert set(everything) == {"incident", "collect", "kubernetes", "prometheus", "alertmanager", "pagerduty", "stamps", "durations", "archive"}
    assert len(configured(Flags(), {"PAGERDUTY_TOKEN": "t"}, everything).sources) == 4
