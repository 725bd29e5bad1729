from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from channels_celery import channel_task, send
from channels_celery import database as ours
from channels_celery.jobs import ledger, stuck
from channels_celery.jobs.hints import Broker, Hint
from channels_celery.jobs.ledger import LiveWorker, Outcome
from channels_celery.jobs.models import Channel, Job
from channels_celery.jobs.states import State
from channels_celery.topics.events import Draft
from tests.services import until

pytestmark = pytest.mark.usefixtures("published")


@channel_task("tests.command", max_running=2)
def work(job: Any, message: Any) -> None: ...


def jobs(*arguments: str) -> str:
    out = io.StringIO()
    call_command("jobs", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def listed(*arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(jobs("list", "--json", *arguments)))


def end(job: UUID, state: State, **more: str) -> None:
    """Claim the job and give it its outcome, as a worker would."""
    event = Draft(topic="", type=f"job.{state}", data="{}", mid=str(job))
    with ours.session() as session:
        claim = ledger.claim(session, job, 0, run="r", max_attempts=4, lease_ms=25_000)
        assert claim is not None
        assert ledger.finish(session, claim, Outcome(state=state, **more), event)


def test_send_accepts_and_prints_the_id(database: str) -> None:
    printed = jobs("send", "tests.command", '{"n": 1}', "--topic", "t", "--unique-key", "k")
    job = Job.objects.using(database).get()
    assert printed.strip() == str(job.pk)
    assert (json.loads(job.message), job.topic, job.unique_key) == ({"n": 1}, "t", "k")


def test_send_reads_the_message_from_standard_input(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"n": 2}'))
    answer = json.loads(jobs("send", "tests.command", "-", "--json"))
    assert answer == {"job": str(Job.objects.using(database).get().pk), "duplicate": False}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["tests.command", "{n: 1}"], "no JSON"),
        (["tests.command", "[1]"], "no dict"),
        (["tests.comand", "{}"], "Did you mean 'tests.command'"),
        (["tests.command", "{}", "--topic", "a b"], "no topic"),
    ],
)
def test_refusals_are_one_sentence(database: str, arguments: list[str], text: str) -> None:
    with pytest.raises(CommandError, match=text):
        jobs("send", *arguments)
    assert not Job.objects.using(database).exists()


def waiting(database: str, *more: str) -> Callable[[], tuple[str, str | None]]:
    """Starts `send --wait`; the call returned waits for what it printed and its complaint."""
    answer: list[tuple[str, str | None]] = []

    def run() -> None:
        out = io.StringIO()
        try:
            call_command("jobs", "send", "tests.command", "{}", "--wait", *more, stdout=out)
            answer.append((out.getvalue(), None))
        except CommandError as error:
            answer.append((out.getvalue(), str(error)))
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: Job.objects.using(database).exists(), what="accepted job")

    def finish() -> tuple[str, str | None]:
        thread.join(30)
        return answer[0]

    return finish


def test_wait_shows_each_state_and_ends_with_the_result(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    finish = waiting(database)
    job = Job.objects.using(database).get().pk
    end(job, State.SUCCEEDED, result='{"sizes":2}')
    printed, complaint = finish()
    assert (printed.strip(), complaint) == (str(job), None)
    assert capsys.readouterr().err.splitlines()[-1] == 'succeeded  attempt 1 of 4  {"sizes": 2}'


def test_wait_fails_with_a_failed_job(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    finish = waiting(database, "--json")
    job = Job.objects.using(database).get().pk
    end(job, State.FAILED, error='{"code":"failed","message":"No image."}')
    printed, complaint = finish()
    assert json.loads(printed)["error"]["message"] == "No image."
    assert complaint == f"The job is failed: manage.py jobs show {job}"


def test_wait_ends_with_its_time(database: str) -> None:
    with pytest.raises(CommandError, match="The job is queued"):
        jobs("send", "tests.command", "{}", "--wait", "--timeout", "0.1")


def test_list_shows_the_newest_first_and_filters(database: str) -> None:
    first, second = send("tests.command", {}).id, send("tests.command", {}).id
    end(first, State.FAILED, error='{"code":"failed","message":"No image."}')
    assert [row["job"] for row in listed()] == [str(second), str(first)]
    assert [row["job"] for row in listed("--failed")] == [str(first)]
    assert [row["job"] for row in listed("--state", "queued")] == [str(second)]
    assert listed("--channel", "other") == []
    printed = jobs("list", "--failed")
    assert "No image." in printed
    assert "1 of 4" in printed


def test_show_has_what_the_operator_needs(database: str) -> None:
    job = send("tests.command", {"photo": 7}, unique_key="k").id
    end(job, State.FAILED, error='{"code":"internal","message":"M"}', traceback="ZeroDivision\x1b[")
    shown = json.loads(jobs("show", str(job), "--json"))
    assert shown["message"] == {"photo": 7}
    assert shown["traceback"].startswith("ZeroDivision")
    printed = jobs("show", str(job))
    assert "ZeroDivision" in printed
    assert "\x1b" not in printed


def test_show_of_no_job_is_one_sentence(database: str) -> None:
    with pytest.raises(CommandError, match="There is no job"):
        jobs("show", str(uuid4()))
    with pytest.raises(CommandError, match="expected a UUID"):
        jobs("show", "7")


def test_retry_accepts_a_failed_job_again(database: str, published: list[Hint]) -> None:
    job = send("tests.command", {}).id
    end(job, State.FAILED, error='{"code":"failed","message":"M"}')
    published.clear()
    assert jobs("retry", str(job)).strip() == "1 accepted again, 0 not."
    row = Job.objects.using(database).get()
    assert (row.state, row.attempt) == ("queued", 0)
    assert [hint.fence for hint in published] == [row.fence]


def test_retry_of_all_that_failed_in_a_channel(database: str) -> None:
    for _ in range(3):
        end(send("tests.command", {}).id, State.FAILED, error='{"code":"failed","message":"M"}')
    assert "0 accepted" in jobs("retry", "--failed", "--channel", "other")
    assert "3 accepted" in jobs("retry", "--failed", "--channel", "tests.command")


def test_retry_says_why_a_job_is_not_accepted_again(database: str) -> None:
    open_job = send("tests.command", {}).id
    with pytest.raises(CommandError, match="Not every job"):
        jobs("retry", str(open_job))
    with pytest.raises(CommandError, match="Name the jobs"):
        jobs("retry")


def test_retry_respects_a_unique_key_that_is_taken(database: str) -> None:
    failed = send("tests.command", {}, unique_key="k").id
    end(failed, State.FAILED, error='{"code":"failed","message":"M"}')
    send("tests.command", {}, unique_key="k")
    with pytest.raises(CommandError, match="Not every job"):
        jobs("retry", str(failed))
    assert Job.objects.using(database).get(pk=failed).state == "failed"


def beat(channels: set[str], queues: set[str]) -> None:
    with ours.session() as session:
        worker = LiveWorker(id="w", host="h", pid=1, slots=4, queues=queues, channels=channels)
        ledger.beat(session, worker)


def test_a_stuck_job_is_listed_with_the_first_reason_that_holds(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def why() -> str:
        (row,) = listed("--stuck")
        return str(row["stuck"])

    fresh, job = send("tests.command", {}).id, send("tests.command", {}).id
    old = Job.objects.using(database).get(pk=job)
    Job.objects.using(database).filter(pk=job).update(ready=old.ready - 31_000)
    monkeypatch.setattr(stuck, "_broker_answers", lambda: False)
    assert why() == "broker unreachable"
    monkeypatch.setattr(stuck, "_broker_answers", lambda: True)
    assert why() == "no worker listens on queue celery"
    beat(set(), {"celery"})
    assert why() == "no live worker knows channel tests.command"
    beat({"tests.command"}, {"celery"})
    assert why() == "every slot is busy"
    for _ in range(2):
        with ours.session() as session:
            running = send("tests.command", {}).id
            assert ledger.claim(session, running, 0, run="r", max_attempts=4, lease_ms=25_000)
    assert why() == "max_running reached"
    Channel.objects.using(database).create(name="tests.command", paused=True)
    assert why() == "channel paused"
    assert str(fresh) not in jobs("list", "--stuck")
    assert "channel paused" in jobs("list", "--stuck")


def test_a_broker_that_does_not_answer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, queue: str) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(Broker, "messages", refuse)
    assert not stuck._broker_answers()
    monkeypatch.setattr(Broker, "messages", lambda self, queue: 3)
    assert stuck._broker_answers()


def test_cancel_ends_what_waits_and_asks_what_runs(database: str) -> None:
    waiting, running = send("tests.command", {}).id, send("tests.command", {}).id
    with ours.session() as session:
        assert ledger.claim(session, running, 0, run="r", max_attempts=4, lease_ms=25_000)
    done = json.loads(jobs("cancel", str(waiting), str(running), "--json"))
    assert done == [
        {"job": str(waiting), "done": True, "said": "cancelled"},
        {"job": str(running), "done": True, "said": "asked to stop"},
    ]
    assert json.loads(jobs("show", str(waiting), "--json"))["state"] == "cancelled"
    shown = json.loads(jobs("show", str(running), "--json"))
    assert (shown["state"], shown["cancel_requested"] is None) == ("running", False)


def test_cancel_of_all_that_waits_in_a_channel(database: str) -> None:
    for _ in range(3):
        send("tests.command", {})
    assert "0 cancelled" in jobs("cancel", "--waiting", "--channel", "other")
    assert "3 cancelled" in jobs("cancel", "--waiting", "--channel", "tests.command")
    with pytest.raises(CommandError, match="Name the jobs"):
        jobs("cancel")
    with pytest.raises(CommandError, match="Not every job was cancelled"):
        jobs("cancel", str(Job.objects.using(database).values_list("id", flat=True)[0]))


def test_show_says_why_a_job_is_stuck(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job = send("tests.command", {}).id
    assert json.loads(jobs("show", str(job), "--json"))["stuck"] is None
    Job.objects.using(database).update(ready=1)
    monkeypatch.setattr(stuck, "_broker_answers", lambda: True)
    assert "no worker listens on queue celery" in jobs("show", str(job))
