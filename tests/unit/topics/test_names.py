from __future__ import annotations

import pytest

from channels_celery.errors import BadMessage, BadTopic
from channels_celery.topics import names

UUID = "075194d3-6885-417e-a8a8-6c931e272f00"


@pytest.mark.parametrize("name", ["a", "chat.lobby", "images.u7", "A_b-c.0.Z", "a" * 150])
def test_parts_joined_by_dots_are_a_topic(name: str) -> None:
    assert names.check(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "a.", ".a", "a..b", "a b", "a/b", "ä", "a\n", "a:b", 7, None, b"a"]
)
def test_anything_else_is_refused_by_name(name: object) -> None:
    with pytest.raises(BadTopic, match=r"is no topic: .* as in \"chat\.lobby\""):
        names.check(name)


def test_a_name_is_at_most_150_characters_long() -> None:
    with pytest.raises(BadTopic, match=r"has 151 characters; .* at most 150"):
        names.check("a" * 151)


@pytest.mark.parametrize("word", ["message", "job.reply", f"{UUID}:3:reply", "a" * 100])
def test_types_and_mids_are_words(word: str) -> None:
    assert names.check_word(word, name="type") == word


@pytest.mark.parametrize("word", ["", "a b", "a" * 101, 7, None, "\x00", "é"])
def test_other_words_are_refused_with_their_place(word: object) -> None:
    with pytest.raises(BadMessage, match=r"^mid: "):
        names.check_word(word, name="mid")


@pytest.mark.parametrize(
    ("pattern", "topic", "values"),
    [
        ("chat.<slug:room>", "chat.lobby", {"room": "lobby"}),
        ("photo.<int:pk>", "photo.7", {"pk": 7}),
        ("images.<visitor>", "images.u7", {"visitor": "u7"}),
        ("a.<int:x>.b.<int:y>", "a.1.b.2", {"x": 1, "y": 2}),
        ("news", "news", {}),
    ],
)
def test_a_pattern_reads_its_variables(pattern: str, topic: str, values: dict[str, object]) -> None:
    assert names.compile_pattern(pattern).match(topic) == values


@pytest.mark.parametrize(
    ("pattern", "topic"),
    [
        ("chat.<slug:room>", "chat"),
        ("chat.<slug:room>", "chat.a.b"),
        ("chat.<slug:room>", "talk.a"),
        ("photo.<int:pk>", "photo.x"),
        ("images.<str:visitor>", "images.a b"),
        ("images.<path:rest>", "images.a.b"),
    ],
)
def test_a_pattern_leaves_other_names_alone(pattern: str, topic: str) -> None:
    assert names.compile_pattern(pattern).match(topic) is None


@pytest.mark.parametrize(
    ("pattern", "topic"),
    [("photo.<int:pk>", "photo.007"), ("doc.<uuid:pk>", f"doc.{UUID.upper()}")],
)
def test_one_object_has_one_name(pattern: str, topic: str) -> None:
    assert names.compile_pattern(pattern).match(topic) is None


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("chat.room-<int:pk>", "'room-<int:pk>' is no part of a pattern"),
        ("chat.<slug:room", "is no part of a pattern"),
        ("chat..a", "'' is no part of a pattern"),
        ("chat.<colour:room>", "no converter 'colour'; there are int, "),
        ("a.<int:x>.<int:x>", "two parts have the same name"),
    ],
)
def test_a_broken_pattern_is_refused_at_import(pattern: str, complaint: str) -> None:
    with pytest.raises(BadTopic, match=complaint):
        names.compile_pattern(pattern)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("chat.<slug:room>", "chat.<slug:name>", True),
        ("chat.<slug:room>", "chat.lobby", True),
        ("chat.<int:room>", "chat.lobby", False),
        ("chat.<slug:room>", "chat.<int:pk>", True),
        ("chat.<int:pk>", "chat.<uuid:pk>", False),
        ("chat.<slug:room>", "talk.<slug:room>", False),
        ("chat.<slug:room>", "chat.<slug:room>.typing", False),
        ("<a>.b", "a.<b>", True),
    ],
)
def test_overlap_is_found_either_way_round(one: str, two: str, expected: bool) -> None:
    first, second = names.compile_pattern(one), names.compile_pattern(two)
    assert first.overlaps(second) is second.overlaps(first) is expected
