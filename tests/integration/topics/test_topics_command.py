from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from channels_celery import topics
from channels_celery.topics import access
from tests.integration.topics.publishers import sequence


@pytest.fixture(autouse=True)
def logs(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_rules", {})
    topics.rule("few.<slug:name>", keep=2)(lambda visitor, name: True)
    for number in range(4):
        topics.publish("few.a", "message", {"n": number, "text": "\x1b[2J"}, key=f"k{number}")
    topics.publish("other.b", "message", 1)


def run(*words: str) -> str:
    out = StringIO()
    call_command("topics", *words, stdout=out)
    return out.getvalue()


def test_list_and_show_say_what_there_is() -> None:
    assert run("list").splitlines() == ["few.a  4 kept, up to 4", "other.b  1 kept, up to 1"]
    assert [one["topic"] for one in json.loads(run("list", "--prefix", "few", "--json"))] == [
        "few.a"
    ]
    assert run("list", "--prefix", "none").strip() == "There are no such topics."
    shown = run("show", "few.a", "--limit", "2")
    assert "keep:       2" in shown
    assert "4  " in shown.splitlines()[-2]
    assert "\x1b" not in shown
    known = json.loads(run("show", "few.a", "--json"))
    assert [event["seq"] for event in known["events"]] == [4, 3, 2, 1]
    assert "rule:       none" in run("show", "other.b")
    with pytest.raises(CommandError, match="has no log"):
        run("show", "none")


def test_trim_does_at_once_what_is_done_anyway(database: str) -> None:
    run("trim")
    assert sequence(database, "few.a") == [3, 4]
    assert sequence(database, "other.b") == [1]


def test_renew_and_delete_end_what_readers_know(database: str) -> None:
    before = {name: topics.position(name) for name in ("few.a", "other.b")}
    assert run("renew", "few.a").strip() == "1 renewed."
    assert topics.read("few.a", before["few.a"]).reason == "epoch"
    assert topics.read("other.b", before["other.b"]).reason is None
    assert run("renew", "--all").strip() == "2 renewed."
    assert topics.read("other.b", before["other.b"]).reason == "epoch"
    with pytest.raises(CommandError, match="or give --all"):
        run("renew")
    with pytest.raises(CommandError, match="no log of none"):
        run("delete", "few.a", "none")
    assert topics.position("few.a").epoch == ""
    with pytest.raises(CommandError, match="is no topic"):
        run("delete", "no topic")
