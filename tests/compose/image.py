"""The image of the Dockerfile, built without a Docker engine on a base made by debootstrap."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.compose.composition import ROOT

BASE = "localhost/base"
SITE = "localhost/site"
RELEASE = "bookworm"
PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"


def buildah(store: Path, *arguments: str) -> list[str]:
    """A command of buildah with a store of its own."""
    places = ["--root", str(store / "root"), "--runroot", str(store / "run")]
    return ["buildah", *places, "--storage-driver", "overlay", *arguments]


def build(folder: Path) -> None:
    """Base and site; the base is kept for the next time, containers of a broken run are not."""
    _run(*buildah(folder, "rm", "--all"))
    if not _has(folder, BASE):
        _build_base(folder)
    places = [
        option for path in _pip(folder / "pip.conf") for option in ("-v", f"{path}:{path}:ro")
    ]
    _run(
        *buildah(folder, "bud", "--layers", "--isolation", "chroot", "--format", "docker"),
        *("--build-arg", f"BASE={BASE}", "--secret", f"id=pip,src={folder / 'pip.conf'}"),
        *(*places, "--tag", SITE, str(ROOT)),
    )


def _has(folder: Path, image: str) -> bool:
    command = buildah(folder, "inspect", "--type", "image", image)
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _build_base(folder: Path) -> None:
    context = folder / "base"
    tree = context / "tree"
    if not tree.exists():
        unfinished = context / "unfinished"
        _run("rm", "-rf", str(unfinished))
        unfinished.mkdir(parents=True)
        options = ["--variant=minbase", f"--include={PACKAGES}"]
        _run("debootstrap", *options, RELEASE, str(unfinished))
        unfinished.rename(tree)
    steps = ["FROM scratch", "ADD tree /", "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
    (context / "Dockerfile").write_text("\n".join(steps) + "\n")
    (context / ".dockerignore").write_text("unfinished\ntree/var/cache/apt\ntree/var/lib/apt\n")
    _run(*buildah(folder, "bud", "--isolation", "chroot", "--tag", BASE, str(context)))


def _pip(file: Path) -> list[str]:
    """Write this machine's pip configuration to `file`; the local places that it names."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(?:global|install)\.([\w-]+)='(.*)'$", listed, re.MULTILINE)
    lines = [f"{key} = " + value.replace("\\n", "\n  ") for key, value in found]
    file.write_text("\n".join(["[global]", *lines]) + "\n", encoding="utf-8")
    paths = re.findall(r"(?:file://|(?<![\w:/]))(/[\w./-]+)", listed)
    return sorted({_top(path) for path in paths if Path(path).exists()})


def _top(path: str) -> str:
    """A file alone, but of an index all: its pages point out of themselves."""
    return path if Path(path).is_file() else str(Path(*Path(path).parts[:3]))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
