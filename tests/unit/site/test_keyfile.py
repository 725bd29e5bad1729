from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from config import keyfile

ROOT = Path(__file__).resolve().parents[3]


def made_by_command(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.keyfile"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert made_by_command(SECRET_KEY_FILE=str(file)).returncode == 0
    first = file.read_text()
    keyfile.make(file)

    assert file.read_text() == first
    assert len(first) >= 50
    assert file.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [file]


def test_key_that_can_not_be_made_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "none" / "key"
    done = made_by_command(SECRET_KEY_FILE=str(file))

    assert done.returncode == 1
    sentence = f"SECRET_KEY_FILE can not be made: No such file or directory ({file})."
    assert done.stderr.splitlines() == [sentence]


def test_key_without_a_file_to_hold_it_is_one_sentence() -> None:
    done = made_by_command()

    assert done.returncode == 1
    assert done.stderr.startswith("SECRET_KEY_FILE is not set.")
