"""Gzip members: what is whole is read, whatever follows."""

from __future__ import annotations

import gzip

import pytest

from core.record.members import packed, whole_members

CONTENTS = (b"a,b\n1,2\n", b"3,4\n" * 50, b"5,6\n")


def test_members_one_after_the_other_are_one_text_for_everybody() -> None:
    file = b"".join(map(packed, CONTENTS))
    assert gzip.decompress(file) == b"".join(CONTENTS)
    found = list(whole_members(file))
    assert [member.content for member in found] == list(CONTENTS)
    assert found[-1].end == len(file)


def test_equal_contents_are_equal_bytes() -> None:
    assert packed(CONTENTS[1]) == packed(CONTENTS[1])


def test_at_whatever_byte_a_file_is_cut_its_whole_members_are_read() -> None:
    file = b"".join(map(packed, CONTENTS))
    ends = [0, *(member.end for member in whole_members(file))]
    for length in range(len(file) + 1):
        found = list(whole_members(file[:length]))
        assert max((member.end for member in found), default=0) == max(end for end in ends if end <= length)


@pytest.mark.parametrize("tail", [bytes(30), b"no gzip"])
def test_what_is_no_member_ends_the_reading(tail: bytes) -> None:
    assert len(list(whole_members(packed(CONTENTS[0]) + tail))) == 1


def test_a_damaged_member_and_what_follows_it_are_not_read() -> None:
    first, second = packed(CONTENTS[0]), bytearray(packed(CONTENTS[1]))
    second[-6] ^= 1  # The check sum.
    assert len(list(whole_members(first + bytes(second) + first))) == 1
