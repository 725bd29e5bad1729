from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in the wheel, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_wheel_holds_the_library_alone(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert tops == {"channels_celery", next(top for top in tops if top.endswith(".dist-info"))}


def test_wheel_holds_all_that_the_library_needs(wheel: list[str]) -> None:
    needed = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "channels_celery").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert needed <= set(wheel)
    assert "channels_celery/py.typed" in needed
    scripts = {f"channels_celery/static/channels_celery/{name}.js" for name in ("client", "link")}
    assert scripts <= needed
