"""Whatever bytes come from outside, every decoder gives rows, nothing, or an error with a name: no crash, no hang, no invented time.

Some fifty inputs per decoder. `make fuzz` goes on for as long as it is told, led by what code an input reaches.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from changes import KINDS, PIECES, Change, changed
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from limits import Hangs, within
from seeds import MAKERS, seeds
from targets import LIMIT_S, TARGETS

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
shares = st.floats(0, 1)
change = st.builds(Change, st.sampled_from(KINDS), shares, shares, st.sampled_from(PIECES))
every_target = pytest.mark.parametrize("name", TARGETS)


def some(count: int) -> settings:
    """So many examples, or as many as FUZZ_EXAMPLES says."""
    return settings(max_examples=EXAMPLES or count, deadline=None, suppress_health_check=list(HealthCheck), phases=set(Phase) - {Phase.explain}, database=None)


@every_target
def test_good_inputs(name: str) -> None:
    """Recorded answers, and what people write, pass each decoder's checks."""
    given_ = seeds(name)
    for seed in given_[:: max(1, len(given_) // 20)]:
        with within(LIMIT_S):
            TARGETS[name](seed)


@every_target
@some(25)
@given(data=st.data())
def test_changed_inputs(name: str, data: st.DataObject) -> None:
    """A good input that was cut, doubled, flipped, swapped, nested or spoilt does not break its decoder."""
    given_ = changed(data.draw(st.sampled_from(seeds(name))), data.draw(st.lists(change, min_size=1, max_size=4)))
    with within(LIMIT_S):
        TARGETS[name](given_)


@every_target
@some(20)
@given(given_=st.binary(max_size=200))
def test_any_bytes(name: str, given_: bytes) -> None:
    """Bytes of any kind do not break a decoder."""
    with within(LIMIT_S):
        TARGETS[name](given_)


def test_every_target_has_good_inputs() -> None:
    """No decoder is tried with noise alone."""
    assert set(MAKERS) == set(TARGETS)
    assert [name for name in TARGETS if not seeds(name)] == []


def test_a_decoder_that_hangs_is_noticed() -> None:
    """The guard ends what would not end by itself."""
    with pytest.raises(Hangs), within(0.05):
        while True:
            pass


@pytest.mark.parametrize(("name", "code"), [("http-date", 0), ("nonsense", 2)])
def test_one_input_can_be_tried_again(tmp_path: Path, name: str, code: int) -> None:
    """What `make fuzz` found is tried again by its file and the decoder's name, without atheris."""
    (tmp_path / "found").write_bytes(b"Sat, 21 Nov 2026 01:20:00 GMT")
    script = Path(__file__).parent / "atheris_run.py"

    assert subprocess.run([sys.executable, script, "--again", tmp_path / "found", name], check=False, capture_output=True).returncode == code
