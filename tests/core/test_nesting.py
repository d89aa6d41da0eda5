"""How deep items stand: files that pydicom writes, and bytes by hand that no library would write."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from gecit.core.nesting import DEEPEST, DEFLATED, ITEM, Coding, coding_of, head_of, is_deep, item_tags
from gecit.edges import dicom_depth
from gecit.edges.dicom_depth import META, WHOLE, stands_deep
from tests.support.nested import CLOSED, OPENED, file_of

SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
CONTENT, TEXT = 0x0040A730, 0x0040A160


def depth_of(tree: list[Any]) -> int:
    """Items in each other; a tree is the list of its items, each a list of the trees of its sequences."""
    return max((1 + max((depth_of(one) for one in item), default=0) for item in tree), default=0)


def dataset_of(trees: list[list[Any]], undefined: bool) -> Dataset:
    made = Dataset()
    made.add_new(TEXT, "UT", "metin")
    for place, tree in enumerate(trees[:3]):
        tag = (CONTENT, 0x00081140, 0x00082112)[place]
        made.add_new(tag, "SQ", [dataset_of(item, undefined) for item in tree])
        made[tag].is_undefined_length = undefined
        for item in made[tag].value:
            item.is_undefined_length_sequence_item = undefined
    return made


def written(dataset: Dataset, syntax: str, pixels: bytes = b"") -> bytes:
    if pixels:
        dataset.add_new(0x7FE00010, "OB", pixels)
        dataset[0x7FE00010].is_undefined_length = syntax == JPEGBaseline8Bit
    return file_of(dataset, syntax)


def nested(depth: int) -> list[list[Any]]:
    tree: list[Any] = []
    for _ in range(depth):
        tree = [[tree] if tree else []]
    return [tree]


trees = st.recursive(st.just([]), lambda below: st.lists(st.lists(below, max_size=2), max_size=3), max_leaves=30)


@settings(max_examples=200)
@given(st.lists(trees, max_size=3), st.sampled_from(SYNTAXES), st.booleans(), st.integers(0, 8), st.integers(1, 97))
def test_the_depth_of_any_nesting_is_told_whatever_way_it_is_written(
    made: list[Any], syntax: str, undefined: bool, limit: int, step: int
) -> None:
    data = written(dataset_of(made, undefined), syntax)
    pieces = (data[place : place + step] for place in range(0, len(data), step))
    assert stands_deep(pieces, limit=limit) is (max(map(depth_of, made), default=0) > limit)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [True, False])
def test_the_limit_itself_is_borne_and_one_more_is_not(syntax: str, undefined: bool) -> None:
    for depth in (DEEPEST, DEEPEST + 1):
        assert stands_deep([written(dataset_of(nested(depth), undefined), syntax)]) is (depth > DEEPEST)


def test_many_items_beside_each_other_are_not_deep() -> None:
    flat = [[[[[]] * 40]] * 40]
    for syntax in SYNTAXES:
        for undefined in (True, False):
            assert not stands_deep([written(dataset_of(flat, undefined), syntax)])


def test_fragments_of_pictures_are_no_items_in_each_other() -> None:
    fragments = (ITEM + struct.pack("<I", 4) + b"\xff\xd8\xff\xd9") * 200
    assert not stands_deep([written(Dataset(), JPEGBaseline8Bit, fragments + b"\xfe\xff\xdd\xe0\0\0\0\0")])
    behind = fragments + b"\xfe\xff\xdd\xe0\0\0\0\0" + b"\xe1\x7f\x10\x00SQ\0\0\xff\xff\xff\xff" + ITEM + b"\xff" * 4
    assert stands_deep([written(Dataset(), JPEGBaseline8Bit, behind + OPENED * 40)])


@pytest.mark.parametrize("closed", [b"", CLOSED * 40, CLOSED * 3])
def test_items_that_are_never_closed_are_as_deep_as_they_are(closed: bytes) -> None:
    assert stands_deep([written(Dataset(), ExplicitVRLittleEndian) + OPENED * 40 + closed])


def test_what_stands_in_an_element_of_unknown_vr_without_length_is_implicit() -> None:
    unknown = OPENED.replace(b"SQ\x00\x00", b"UN\x00\x00")
    implicit = b"\x40\x00\x30\xa7\xff\xff\xff\xff" + ITEM + b"\xff\xff\xff\xff"
    head = written(Dataset(), ExplicitVRLittleEndian)
    assert stands_deep([head + unknown + implicit * 40])
    assert not stands_deep([head + unknown + implicit * 10])


@pytest.mark.parametrize(
    "odd",
    [
        b"\x40\x00\x30\xa7??\x00\x00\xff\xff\xff\xff",  # no VR that there is
        b"\x40\x00\x30\xa7OB\x00\x00\xff\xff\xff\xff",  # bytes without an end
        b"\x40\x00\x30\xa7SQ\x00\x00\xff\xff\xff\xff\x40\x00\x60\xa1UT\x00\x00\x00\x00\x00\x00",  # no item
        ITEM + b"\xff\xff\xff\xff",  # an item outside of every sequence
        b"\x40\x00\x30\xa7SQ\x00\x00\x10\x00\x00\x00" + ITEM + b"\xff\xff\x00\x00",  # longer than what it stands in
    ],
)
def test_what_cannot_be_followed_is_deep_only_where_enough_items_could_be(odd: bytes) -> None:
    head = written(Dataset(), ExplicitVRLittleEndian)
    assert stands_deep([head + odd + OPENED * (DEEPEST + 3)])
    assert not stands_deep([head + odd + OPENED * (DEEPEST - 3)])


HIDDEN = OPENED * (DEEPEST + 1)
SECRET = b"\x40\x00\x60\xa1UT\0\0" + struct.pack("<I", len(HIDDEN)) + HIDDEN  # a text, if one begins where it begins
ENDED = b"\xfe\xff\xdd\xe0\0\0\0\0"
BLIND = b"\x40\x00\x60\xa1UT\0\0" + struct.pack("<I", 12)  # takes the twelve bytes before the hidden ones away


def sequence(body: bytes) -> bytes:
    return b"\x40\x00\x30\xa7SQ\0\0" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "odd",
    [
        sequence(ITEM + struct.pack("<I", len(BLIND) + 12) + BLIND),  # an item that ends behind its sequence
        sequence(ENDED + BLIND),  # a delimiter ends what has a length
        sequence(ITEM + b"\xff" * 4 + b"\xfe\xff\x0d\xe0\0\0\0\0" + ENDED + BLIND),
        sequence(ITEM),  # the item's length lies behind the sequence
        b"\xe0\x7f\x10\0UN\0\0\xff\xff\xff\xff" + ITEM + struct.pack("<I", 12) + b"\x40\0\x60\xa1\x0c\0\0\0\0\0\0\0",
    ],
)
def test_what_one_reader_takes_for_a_text_and_another_for_sequences_is_deep(odd: bytes) -> None:
    head = written(Dataset(), ExplicitVRLittleEndian)
    assert not stands_deep([head + SECRET])
    assert stands_deep([head + odd + SECRET])


def test_a_delimiter_at_its_beginning_ends_an_implicit_sequence() -> None:
    head = written(Dataset(), ImplicitVRLittleEndian)
    hidden = (b"\x40\x00\x30\xa7\xff\xff\xff\xff" + ITEM + b"\xff" * 4) * (DEEPEST + 1)
    assert stands_deep([head + b"\x40\x00\x30\xa7" + struct.pack("<I", 8 + len(hidden)) + ENDED + hidden])


def test_an_empty_item_counts_as_one() -> None:
    deep = sequence(ITEM + bytes(4))
    for _ in range(DEEPEST - 1):
        deep = sequence(ITEM + struct.pack("<I", len(deep)) + deep)
    head = written(Dataset(), ExplicitVRLittleEndian)
    assert not stands_deep([head + deep])
    assert stands_deep([head + sequence(ITEM + struct.pack("<I", len(deep)) + deep)])


def meta(*elements: bytes, length: int | None = None) -> bytes:
    made = b"".join(elements)
    return bytes(128) + b"DICM\x02\0\0\0UL\x04\0" + struct.pack("<I", len(made) if length is None else length) + made


def syntax(uid: bytes, group: int = 2) -> bytes:
    return struct.pack("<HH", group, 0x10) + b"UI" + struct.pack("<H", len(uid)) + uid


PLAIN, PACKED = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"


@pytest.mark.parametrize(
    "odd",
    [
        meta(syntax(b"1.2", 0x49), syntax(PACKED)),  # DCMTK reads on to the length
        meta(syntax(PACKED), syntax(PLAIN)),
        meta(syntax(PLAIN), syntax(PACKED)),
        meta(syntax(PLAIN), syntax(PACKED), length=28),
        meta(syntax(PACKED + b"  ")),
        meta(syntax(PLAIN), length=0) + syntax(PACKED),
        b"DICM".join(meta(syntax(PACKED)).split(b"DICM")[1:]),  # no preamble
    ],
)
def test_whoever_may_inflate_a_file_is_believed_to(odd: bytes) -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    assert stands_deep([odd + packer.compress(HIDDEN) + packer.flush()])


def test_a_file_that_readers_may_begin_at_two_places_is_deep_only_where_enough_items_could_be() -> None:
    odd = meta(syntax(PLAIN), length=4)
    assert stands_deep([odd + SECRET])
    assert not stands_deep([odd + OPENED * DEEPEST])
    assert not stands_deep([meta(syntax(PLAIN)) + SECRET])


def test_a_transfer_syntax_that_nobody_knows_is_read_as_it_looks_or_not_at_all() -> None:
    private = meta(syntax(b"1.2.3\0"))
    first = b"\x08\x00\x16\x00UI\x02\x001\x00"
    assert not stands_deep([private + first + SECRET])
    assert stands_deep([private + SECRET])


@settings(max_examples=300)
@given(
    st.lists(
        st.one_of(st.sampled_from([OPENED, CLOSED, ITEM, b"\xff" * 4, b"SQ\0\0", b"UN\0\0"]), st.binary(max_size=9))
    )
)
def test_the_walk_ends_whatever_it_is_given(parts: list[bytes]) -> None:
    data = b"".join(parts)
    for coding in (Coding(), Coding(explicit=False), Coding(big=True)):
        assert not is_deep(data, coding) or item_tags(data) > 0
        assert item_tags(data) > DEEPEST or not is_deep(data, coding)
    assert head_of(data).start >= 0
    coding_of("", data)


def test_a_bare_data_set_is_read_as_its_first_element_looks() -> None:
    explicit = b"\x08\x00\x16\x00UI\x02\x001\x00"
    assert stands_deep([explicit + OPENED * 40])
    assert stands_deep(
        [b"\x08\x00\x16\x00\x02\x00\x00\x001\x00" + (b"\x40\x00\x30\xa7\xff\xff\xff\xff" + ITEM + b"\xff" * 4) * 40]
    )
    assert not stands_deep([]) and not stands_deep([b"no DICOM"])


def test_only_so_much_of_a_file_is_looked_at_as_is_asked() -> None:
    def pieces():
        yield written(Dataset(), ExplicitVRLittleEndian)
        yield bytes(WHOLE)
        raise AssertionError("more is read")

    assert not stands_deep(pieces(), enough=WHOLE)


def test_what_is_longer_than_can_be_walked_is_deep_only_where_enough_items_could_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dicom_depth, "KEPT", 1000)
    head = written(Dataset(), ExplicitVRLittleEndian)
    long = b"\x40\x00\x60\xa1UT\x00\x00" + struct.pack("<I", 5000) + b" " * 5000
    assert not stands_deep([head, long, OPENED * DEEPEST])
    assert stands_deep([head, long, (OPENED + CLOSED) * (DEEPEST + 1)])


@pytest.mark.parametrize("syntax", sorted(DEFLATED))
def test_what_is_deflated_is_looked_at_as_it_is_read(syntax: str) -> None:
    head = written(Dataset(), syntax)
    start = head_of(head).start

    def deflated(items: int) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return head[:start] + packer.compress(OPENED * items) + packer.flush()

    assert not stands_deep([deflated(DEEPEST)])
    assert stands_deep([deflated(DEEPEST + 1)])


def test_a_deflated_data_set_that_becomes_too_much_is_not_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    head = written(Dataset(), DeflatedExplicitVRLittleEndian)
    start = head_of(head).start
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = head[:start] + packer.compress(bytes(8 * 1024 * 1024)) + packer.flush()
    assert not stands_deep([bomb])
    monkeypatch.setattr(dicom_depth, "INFLATED", 4 * 1024 * 1024)
    assert stands_deep([bomb])
    assert stands_deep([head[:start] + b"\xff" * 100])  # nothing that was deflated


def test_a_meta_header_longer_than_there_is_hides_nothing() -> None:
    head = written(Dataset(), ExplicitVRLittleEndian)
    private = b"\x02\x00\x02\x01OB\x00\x00" + struct.pack("<I", META * 2) + bytes(META * 2)
    start = head_of(head).start
    assert stands_deep([head[:start] + private + OPENED * 40])
