"""The commented `retroline.toml` that `retroline init` writes."""

TEMPLATE = """\
# retroline: what to collect. Every key is optional; flags win over the environment, the environment wins over this file.
# Secrets never stand here. They come from the environment, each also as NAME_FILE with the path of a file:
#   PAGERDUTY_TOKEN, PROMETHEUS_TOKEN, PROMETHEUS_USER, PROMETHEUS_PASSWORD, PROMETHEUS_ORG_ID,
#   ALERTMANAGER_USER, ALERTMANAGER_PASSWORD, ALERTMANAGER_TOKEN

[incident]
# service = "checkout"              # whose milestones are meant; unset: the service of the gravest firing alerts
# depends_on = ["payments"]         # services whose alerts and pages belong to the story too

[collect]
# timeout_s = 300                   # what each source may take

# [kubernetes]                      # KUBECONFIG names the file
# context = "prod"
# namespaces = ["shop"]             # unset: the context's namespace
# selector = "app in (checkout, payments)"
# log_limit_mib = 256               # at most so much of each container's log

# [prometheus]                      # or VictoriaMetrics, Thanos, Mimir
# url = "https://prometheus.example.com"        # PROMETHEUS_URL
# step_s = 15                       # unset: the rules' own interval
# headers = { THANOS-TENANT = "shop" }
# [[prometheus.query]]              # the series behind alerts that fired are collected without this
# name = "checkout errors"
# expr = "sum(rate(http_requests_total{code=~'5..'}[1m])) / sum(rate(http_requests_total[1m]))"
# threshold = "> 5 %"               # an objective: crossing it is harm to users

# [alertmanager]
# url = "https://alertmanager.example.com"      # ALERTMANAGER_URL
# alert_log = ["/var/log/alertmanager-webhook.jsonl"]   # ALERTMANAGER_WEBHOOK_LOG

# [pagerduty]                       # PAGERDUTY_TOKEN
# url = "https://api.eu.pagerduty.com"          # PAGERDUTY_URL; unset: https://api.pagerduty.com
# service_ids = ["PCHK0U7"]
# team_ids = []

# [stamps]                          # inside log lines
# zone = "Europe/Paris"             # of those that name none; unset: UTC
# [[stamps.layout]]                 # a way to write them that retroline does not know
# name = "mill"
# pattern = '^mill (?P<day>[0-9]+)\\.(?P<month>[0-9]+)\\.(?P<year>[0-9]{4}) (?P<hour>[0-9]+)h(?P<minute>[0-9]{2})'
# sample = "mill 20.11.2026 10h05 turning"
# expected = "2026-11-20T10:05:00Z"

# [durations]                       # pairs of milestones of your own
# time_to_rollback = ["detected", "mitigation_started"]

# [archive]
# path = "archive"
"""
