"""Running all sources at once: each in its own thread, bounded by its own deadline; no source can harm another."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .ask import Ask, Probe
from .errors import BadPayload, ConfigError, RetrolineError, SourceError, Unreachable
from .evidence import Evidence
from .registry import collector
from .session import fingerprint
from .window import Window, rfc3339

GRACE_S = 5.0


@dataclass(frozen=True)
class Outcome:
    """How one source ended: `error` is None when it was asked everything (parts may still have failed).

    A `hanging` source heeded neither its deadline nor its cancellation: its thread is still there.
    """

    source: str
    error: SourceError | None
    seconds: float
    hanging: bool = False


def collect_all(
    settings: Mapping[str, Any],
    window: Window,
    root: Path,
    run: str,
    *,
    now_ns: int,
    now_s: float | None = None,
    timeout_s: float,
    progress: Callable[[str, str, int, int], None] = lambda source, what, n_bytes, n_items: None,
    cancelled: threading.Event | None = None,
    executor: Executor | None = None,
) -> list[Outcome]:
    """Fetch every source of `settings` (name → settings) into `root/run/<source>`; one Outcome each, by name.

    `now_ns` is the wall clock when the monotonic clock stood at `now_s` (None: now). A source that fails as a whole is noted in its
    evidence. Raises ConfigError for an index that no `collect` wrote, and from any source once the others have ended,
    and KeyboardInterrupt as soon as the sources have noticed `cancelled`.
    """
    stop = cancelled or threading.Event()
    pool = executor or ThreadPoolExecutor(max_workers=max(1, len(settings)), thread_name_prefix="source")
    begun = time.monotonic()

    def present() -> str:
        return rfc3339(now_ns + int((time.monotonic() - (begun if now_s is None else now_s)) * 1e9), 3)

    evidences = {name: Evidence(root, run, name, present) for name in sorted(settings)}
    futures: dict[Future[Outcome], str] = {}
    for name, evidence in evidences.items():
        ask = Ask(window, evidence, begun + timeout_s, now_ns, partial(progress, name), stop)
        futures[pool.submit(_one, name, settings[name], ask)] = name
    try:
        done, late = wait(futures, timeout=timeout_s + GRACE_S)
    except KeyboardInterrupt:
        stop.set()
        wait(futures, timeout=GRACE_S)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    outcomes = [_ended(future) for future in done]
    for future in late:
        stop.set()
        error = Unreachable(f"{futures[future]}: no end within {timeout_s:.0f} s")
        Evidence(root, run, futures[future], present).failed(error, "everything still being asked", reason="timeout")
        outcomes.append(Outcome(futures[future], error, timeout_s, hanging=True))
    return sorted(outcomes, key=lambda o: o.source)


def _ended(future: Future[Outcome]) -> Outcome:
    return future.result()


def _one(name: str, settings: Any, ask: Ask) -> Outcome:
    begun = time.monotonic()
    error: SourceError | None = None
    ask.evidence.started(fingerprint(settings))
    try:
        collector(name).fetch(settings, ask)
    except SourceError as failure:
        error = failure
        reason = "interrupted" if ask.cancelled.is_set() else "timeout" if "time allowed" in str(failure) else failure.reason
        ask.evidence.failed(failure, "everything it was still to be asked", reason=reason)
    except OSError as failure:
        raise ConfigError(f"{name}: cannot write evidence: {failure.strerror or failure}") from failure
    except RetrolineError:
        raise
    except Exception as failure:  # noqa: BLE001 - an answer of a shape nobody foresaw must not cost the other sources
        error = BadPayload(f"{name}: an answer could not be understood ({type(failure).__name__}: {failure})")
        ask.evidence.failed(error, "everything it was still to be asked")
    if error is None and not ask.cancelled.is_set():
        ask.evidence.finished()
    return Outcome(name, error, time.monotonic() - begun)


def probe_all(settings: Mapping[str, Any], *, now_ns: int, timeout_s: float = 20.0) -> dict[str, Probe]:
    """Ask every source, at the same time, whether it is there and may be read; failures are answers too."""
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(max_workers=max(1, len(settings))) as pool:

        def one(name: str) -> Probe:
            evidence = Evidence(Path(place), "probe", name, lambda: rfc3339(now_ns, 3))
            try:
                return collector(name).probe(settings[name], Ask(Window(now_ns, now_ns), evidence, time.monotonic() + timeout_s, now_ns))
            except RetrolineError as error:
                return Probe(not isinstance(error, Unreachable | ConfigError), permitted=False, detail=str(error))

        return dict(zip(sorted(settings), pool.map(one, sorted(settings)), strict=True))
