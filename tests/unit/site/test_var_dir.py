from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from config import embedded, var_dir
from config.errors import CannotStart
from config.management.commands.up import Command, check_port


def test_second_claim_of_the_same_folder_is_refused(tmp_path: Path) -> None:
    with var_dir.claim(tmp_path), pytest.raises(CannotStart, match="Another `make up` runs on"):
        var_dir.claim(tmp_path)

    var_dir.claim(tmp_path).close()


def test_folder_that_holds_a_wal_file_passes_and_stays_clean(tmp_path: Path) -> None:
    var_dir.check_wal(tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fault", ["delete", sqlite3.OperationalError("locking protocol")])
def test_folder_without_wal_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    class Connection:
        """SQLite as it answers on such a file system."""

        def execute(self, sql: str) -> Any:
            if isinstance(fault, Exception):
                raise fault
            return iter([[fault]]) if "PRAGMA" not in sql else Rows()

        def close(self) -> None: ...

    class Rows:
        def fetchone(self) -> tuple[str]:
            return (fault,)

    monkeypatch.setattr("config.var_dir.sqlite3.connect", lambda *_, **__: Connection())

    with pytest.raises(CannotStart, match="can not hold SQLite's WAL file") as refusal:
        var_dir.check_wal(tmp_path)

    assert str(tmp_path) in str(refusal.value)
    assert str(fault) in str(refusal.value)


def test_socket_lies_in_the_folder_and_what_was_left_there_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "redis.sock").touch()

    assert var_dir.place_socket(tmp_path) == tmp_path / "redis.sock"
    assert not (tmp_path / "redis.sock").exists()


def test_socket_of_a_deep_folder_is_found_again(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    placed = var_dir.place_socket(deep)

    assert len(os.fsencode(placed)) < var_dir.SOCKET_PATH_BYTES
    assert placed.parent.stat().st_mode & 0o077 == 0
    assert embedded.socket_path(deep) == placed
    assert var_dir.place_socket(deep) == placed


def test_pointer_to_a_folder_that_was_cleared_away_is_renewed(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    first = var_dir.place_socket(deep)
    first.parent.rmdir()

    assert var_dir.place_socket(deep) != first


def test_runtime_folder_that_is_only_named_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/nobody")
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()

    assert var_dir.place_socket(deep).parent.is_dir()


def test_folder_without_sockets_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A runtime folder that is itself too deep: the operating system refuses the socket.
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))

    with pytest.raises(CannotStart, match="can not hold a Unix socket"):
        var_dir.place_socket(deep)


def test_port_is_free_again_after_the_check() -> None:
    from tests.services import free_port

    port = free_port()
    check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.1"])
def test_host_that_is_not_ours_is_one_sentence(host: str) -> None:
    with pytest.raises(CannotStart, match=f"{host}:8000 can not be listened on"):
        check_port(host, 8000)


def test_windows_is_told_of_wsl(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.management import CommandError

    monkeypatch.setattr("config.management.commands.up.sys.platform", "win32")

    with pytest.raises(CommandError, match="use WSL 2"):
        Command().handle()


def test_older_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    import manage

    monkeypatch.setattr("manage.sys.version_info", (3, 10, 13))

    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed, this is 3\.10"):
        manage.main()
