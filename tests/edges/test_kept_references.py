"""What Orthanc's Python plugin keeps of each call: real references, taken as the plugin of Debian 12 takes them."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from gecit.edges.kept_references import REST_SECONDS, KeptReferences

one_more = ctypes.pythonapi.Py_IncRef
one_more.argtypes = [ctypes.py_object]
one_more.restype = None
SURE = 5


class Plugin:
    """Calls a callback as the plugin does: with values that nobody else has, and one reference too many of each."""

    def __init__(self, called: Callable[..., Any], *, keeps: bool = True) -> None:
        self.called, self.keeps, self.number = called, keeps, 0

    def call(self) -> object:
        self.number += 1
        text = f"ankara {self.number}"
        headers = {"host": f"{text}:8042", "cookie": f"gecit={text}", "one": "1", "none": ""}
        values: dict[str, Any] = {
            "method": 1, "ip": f"{text}.1", "headers": headers, "get": {"q": f"{text}?"}, "groups": (text,),
            "body": b"",
        }  # fmt: skip
        del text
        for one in (*headers.values(), *values["get"].values(), *values.values()) if self.keeps else ():
            one_more(one)
        del headers
        return self.called("/gecit", **values)


class Place:
    def __init__(self, *, keeps: bool = True, callback: Callable[..., Any] = lambda *_, **values: len(values)) -> None:
        self.now = 0.0
        self.references = KeptReferences(lambda: self.now, sure=SURE)
        self.plugin = Plugin(self.references.watched(callback), keeps=keeps)

    def calls(self, count: int) -> None:
        for _ in range(count):
            assert self.plugin.call() == 6
            self.now += REST_SECONDS / 4

    def grown(self, count: int) -> float:
        """Return Python's memory blocks that stay of each of so many calls."""
        gc.collect()
        before = sys.getallocatedblocks()
        self.calls(count)
        gc.collect()
        return (sys.getallocatedblocks() - before) / count


def test_what_the_plugin_keeps_is_given_back_once_it_is_sure() -> None:
    assert Plugin(lambda *_, **values: 6).call() == 6
    place = Place()
    place.calls(SURE + 3)
    assert place.references.keeps is None, "not all of them are over"
    place.calls(20)
    assert place.references.keeps
    assert place.grown(200) < 0.1


def test_without_it_each_call_leaves_its_values() -> None:
    plugin = Plugin(lambda *_, **values: 6)
    before = sys.getallocatedblocks()
    for _ in range(100):
        plugin.call()
    assert (sys.getallocatedblocks() - before) / 100 >= 5


def test_of_a_plugin_that_keeps_nothing_nothing_is_touched() -> None:
    place = Place(keeps=False)
    place.calls(20)
    assert place.references.keeps is False
    assert place.grown(200) < 0.1
    assert not place.references._calls


def test_one_clean_value_ends_it_for_good() -> None:
    place = Place()
    place.calls(40)
    assert place.references.keeps
    place.plugin.keeps = False
    place.calls(20)
    assert place.references.keeps is False
    place.plugin.keeps = True
    given: list[object] = []
    place.references._give_back = given.append
    place.calls(20)
    assert given == []


def test_what_we_keep_ourselves_is_left_to_us() -> None:
    ours: list[Any] = []

    def keeps(*_: object, **values: Any) -> int:
        ours.extend((values["ip"], values["headers"]["host"], values["headers"]))
        return len(values)

    place = Place(callback=keeps)
    place.calls(40)
    assert place.references.keeps
    assert ours[0] == "ankara 1.1" and ours[1] == "ankara 1:8042"
    gc.collect()
    assert [one for one in ours if isinstance(one, str)][-2:] == ["ankara 40.1", "ankara 40:8042"]
    assert all(one["host"].endswith(":8042") for one in ours if isinstance(one, dict))


def test_nothing_is_given_back_while_a_call_may_go_on() -> None:
    given: list[object] = []
    place = Place()
    place.references._give_back = given.append
    for _ in range(50):
        place.plugin.call()
        place.now += REST_SECONDS / 100
    assert given == []


@pytest.mark.parametrize("fault", [ValueError, KeyError])
def test_a_callback_that_raises_raises(fault: type[Exception]) -> None:
    def raises(*_: object, **values: Any) -> None:
        raise fault

    with pytest.raises(fault):
        KeptReferences().watched(raises)("/x", ip="1.2.3.4")
