"""What was changed in the cluster, and when: rows `change.deployed`, `.rolled_back`, `.scaled`, `.configured`."""

from __future__ import annotations

from . import autoscaling, deployments, jobs_and_configs, sets
from .rows import Given, Row


def rows(given: Given) -> list[Row]:
    """All changes to workloads and configuration that the cluster itself tells of. Scheduled Jobs are no changes."""
    changes = [*deployments.rows(given), *sets.rows(given)]
    return [*autoscaling.with_autoscaler(changes, given), *jobs_and_configs.rows(given)]
