"""What was changed, and when: rows `change.deployed`, `.rolled_back`, `.scaled`, `.configured`, and new versions that metrics show."""

from __future__ import annotations

from . import autoscaling, build_info, deployments, jobs_and_configs, sets
from .rows import Given, Row


def rows(given: Given) -> list[Row]:
    """All changes to workloads and configuration that the cluster itself or `build_info` tells of. Scheduled Jobs are no changes."""
    changes = [*deployments.rows(given), *sets.rows(given)]
    return [*autoscaling.with_autoscaler(changes, given), *jobs_and_configs.rows(given), *build_info.rows(given)]
