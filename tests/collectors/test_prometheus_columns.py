"""Points cut out of a body are what `json` reads, whatever the body holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from retroline.collectors.errors import BadPayload
from retroline.collectors.evidence import Reply
from retroline.collectors.prometheus import columns as cutting
from retroline.collectors.prometheus import samples as reading
from retroline.collectors.prometheus.columns import columns, outline
from retroline.collectors.prometheus.reader import read

FOLDER = Path(__file__).resolve().parent.parent.parent / "fixtures" / "prometheus"
ASKED = {"name": "n", "query": "q", "step": "15"}


@dataclass(frozen=True)
class Held(Reply):
    """A reply whose body is at hand."""

    held: bytes = b""

    def body(self) -> bytes:
        return self.held


@contextmanager
def cut_from(size: int, block: int) -> Iterator[None]:
    """Bodies from so many bytes on are cut, in blocks of so many."""
    with patch.object(reading, "LEAST_CUT", size), patch.object(cutting, "BLOCK", block):
        yield


Rows = list[dict[str, Any]]


def outcome(body: bytes, about: dict[str, str], form: str = "query_range") -> tuple[Rows, Rows, dict[str, str], str]:
    """Samples, facts, what holds for all samples, and the error; after an error only that."""
    samples: Rows = []
    facts: Rows = []
    told: dict[str, str] = {}
    try:
        for raw in read(Held("prometheus", form, "r.json", Path("r.json"), about=about, held=body)):
            if raw.table == "samples":
                told = dict(raw.about)
            (samples if raw.table == "samples" else facts).extend(raw.batch.to_pylist())
    except BadPayload as error:
        return [], [], {}, str(error)
    return samples, facts, told, ""


def agree(body: bytes, block: int = 200) -> None:
    """Both ways of reading give the same, of an answer and of a saved file."""
    for about in (ASKED, {}):
        with cut_from(1 << 62, block):
            expected = outcome(body, about)
        with cut_from(0, block):
            assert outcome(body, about) == expected


TEXTS = st.text('aé"\\\x00\U0001f600\ud800]}[,v', max_size=4)
SECONDS = st.integers(1_795_000_000, 1_795_900_000).map(str)
WHOLE = SECONDS | st.integers(0, 10**11).map(str)
USUAL_TIMES = SECONDS | st.builds("{}.{}".format, SECONDS, st.text("0123456789", min_size=1, max_size=9))
TIMES = (
    USUAL_TIMES | WHOLE | st.builds("{}.{}".format, WHOLE, st.text("0123456789", max_size=11)) | st.sampled_from(["-5", "1e9", "1.5E+3", "0", "0.5", "007", ""])
)
USUAL_VALUES = st.floats().map(repr) | st.sampled_from(["NaN", "+Inf", "-Inf", "1e+00", ""])
VALUES = USUAL_VALUES | st.sampled_from(["many", "]]", '"],[', "}", '"]]}', "\\", "é", "\x7f", "v"]) | TEXTS
LABELS = st.dictionaries(TEXTS, TEXTS, max_size=3) | st.just({"values": "[[", 'a"values":[[': '"values":[[1,"2"]]'})
ODD = st.sampled_from(["[1]", "1", "null", '["1","2"]', '[1,"2",3]', "[1,2]", '[1, "2"]', "[]", '[1,{"count":"3"}]', '[,"1"]', '[1,"1"]]'])
EXTRA = st.sampled_from([',"histograms":[[1.5,{"count":"3","sum":"1"}]]', ',"value":[5,"6"]', ',"values":[[5,"6"]]', ',"values":[]', ',"odd":[[5,"6"]]'])
END = st.sampled_from(["", ',"warnings":["partial"],"infos":["i"]', ',"stats":{"values":[[1,"2"]]}'])


def point(time: str, value: str) -> str:
    """One point as it stands in a body."""
    return f"[{time},{json.dumps(value)}]"


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Answers of the usual shape, half of them with something odd in one place or another."""
    odd = draw(st.sampled_from(["", "", "", "time", "value", "point", "extra", "kind"]))
    points = st.builds(point, TIMES if odd == "time" else USUAL_TIMES, VALUES if odd == "value" else USUAL_VALUES)
    points = points | ODD if odd == "point" else points
    series = []
    for _ in range(draw(st.integers(1, 4))):
        values = ",".join(draw(st.lists(points, min_size=1, max_size=12)))
        labels = json.dumps(draw(LABELS), ensure_ascii=draw(st.booleans()))
        series.append(f'{{"metric":{labels},"values":[{values}]{draw(EXTRA) if odd == "extra" else ""}}}')
    kind = draw(st.sampled_from(["vector", "scalar", "string", "other"])) if odd == "kind" else "matrix"
    status = draw(st.sampled_from(["success"] * 9 + ["error"]))
    return f'{{"status":"{status}","data":{{"resultType":"{kind}","result":[{",".join(series)}]}}{draw(END)}}}'.encode("utf-8", "surrogatepass")


@settings(deadline=None)
@given(bodies(), st.integers(20, 400))
@example(b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[9999999999,"1"],[9999999999.5,"1"]]}]}}', 100)
@example(b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[12.5.5,"1"],[12,"1"]]}]}}', 100)
@example(b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"]]}]},"x":-0e-7700}', 100)
@example(b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":-0e-7700}]},"values":[[1,"2"]]}', 100)
def test_cut_points_are_what_json_reads(body: bytes, block: int) -> None:
    """Rows, unreadable points, warnings, the step of the grid and errors are the same, whatever the size of the blocks."""
    agree(body, block)


@settings(deadline=None)
@given(bodies(), st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 3))
def test_broken_bodies_give_the_same_error(body: bytes, where: int, put: bytes, take: int) -> None:
    """A body with bytes lost, added or changed is read alike, or fails with the same words."""
    where %= len(body)

    agree(body[:where] + put + body[where + take :])
    agree(body[:where])


@settings(deadline=None)
@given(bodies(), st.sampled_from([1, None]))
def test_other_layouts_of_the_same_json(body: bytes, indent: int | None) -> None:
    """Indented and widely spaced documents are read by `json`, to the same rows."""
    try:
        document = json.loads(body)
    except ValueError:
        return
    agree(json.dumps(document, indent=indent).encode())


def plain(points: int, series: int = 2) -> bytes:
    """A matrix as Prometheus writes it."""
    result = [{"metric": {"i": str(i)}, "values": [[1_795_224_000 + t, str(t / 7)] for t in range(points)]} for i in range(series)]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}, separators=(",", ":")).encode()


def cut(body: bytes) -> int | None:
    """How many points can be cut out of a body; None where `json` must read it."""
    around = outline(body)
    blocks = list(columns(body, around.spans)) if around else [None]
    return None if None in blocks else sum(len(block.stamps) for block in blocks if block)


@pytest.mark.parametrize(
    "name", ["error_ratio_recorded.json", "error_ratio-step-2.5.json", "cache-hits-nan.json", "victoriametrics-ALERTS.json", "reconcile-age-inf.json"]
)
def test_recorded_answers_are_cut(name: str) -> None:
    """The compact answers of Prometheus and VictoriaMetrics need no `json` for their points, NaN, infinity and fractions included."""
    body = (FOLDER / name).read_bytes()
    points = sum(len(series["values"]) for series in json.loads(body)["data"]["result"])

    assert cut(body) == points > 3
    agree(body)


@pytest.mark.parametrize("change", [(b",", b", "), (b"/", b"\\/"), (b'"0.', b'"\\u0030.'), (b"[1795224000,", b"[1.795224e9,"), (b"[1795224000,", b"[-5,")])
def test_what_is_not_plain_is_left_to_json(change: tuple[bytes, bytes]) -> None:
    """Spaces, escapes, exponents and signs are read, but not by cutting."""
    body = plain(40)

    assert cut(body) == 80
    assert cut(body.replace(*change).replace(b'"0.1428', b'"/0.1428')) in (None, 80)
    agree(body.replace(*change))


def test_a_large_body_is_cut_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks end between points, of long series too; together they hold every point once, in order."""
    monkeypatch.setattr(cutting, "BLOCK", 500)
    body = plain(300)
    around = outline(body)
    assert around

    blocks = [block for block in columns(body, around.spans) if block]

    assert len(blocks) > 20
    assert [text for block in blocks for text in block.stamps.to_pylist()] == [str(1_795_224_000 + t) for t in range(300)] * 2
    assert [text for block in blocks for text in block.values.to_pylist()] == [str(t / 7) for t in range(300)] * 2
    assert [number for block in blocks for number, count in zip(block.series, block.counts, strict=True) for _ in range(count)] == [0] * 300 + [1] * 300


def test_a_change_of_style_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the block on that is not plain `json` reads the rest: nothing is doubled or lost."""
    monkeypatch.setattr(cutting, "BLOCK", 500)
    body = plain(300)
    middle = body.index(b'[1795224000,"', 3000)

    agree(body[:middle] + body[middle:].replace(b",[", b", [", 5), 500)


def test_a_cut_answer_says_so(tmp_path: Path) -> None:
    """Half a large answer is the error that half a small one is."""
    path = tmp_path / "half.json"
    body = plain(3000)
    path.write_bytes(body[: len(body) // 2])

    with pytest.raises(BadPayload, match="the JSON breaks off"):
        list(read(Reply("prometheus", "query_range", "half.json", path, about=ASKED)))
