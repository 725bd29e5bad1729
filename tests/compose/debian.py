"""What stands for the images of others: Debian's own programs, set up as those images do it."""

from __future__ import annotations

import pwd
import subprocess
from pathlib import Path

from tests import rabbitmq, services
from tests.compose.composition import ROOT, Service

#: As RabbitMQ's image has it: guest may come from other machines than its own.
_RABBITMQ = "loopback_users.guest = false\nvm_memory_high_watermark.absolute = 256MB\n"
_UIDS = {"nginx": 101}
_USERS = {"postgres": "postgres", "rabbitmq": "rabbitmq"}


def user_id(service: Service) -> int:
    """Who its first process runs as."""
    if user := _USERS.get(service.name):
        return pwd.getpwnam(user).pw_uid
    return _UIDS.get(service.name, 0)


def command(service: Service, folder: Path, given: list[str]) -> list[str]:
    """The service's own command, or its health check, as Debian's programs run it."""
    match service.name:
        case "postgres":
            return _postgres(folder, given)
        case "rabbitmq":
            return _rabbitmq(folder, given or ["rabbitmq-server"])
        case "nginx" if given[0] == "nginx":
            return _nginx(folder, given)
    return given


def prepare(service: Service, folder: Path) -> None:
    """What the image does at its first start."""
    if service.name == "postgres":
        _create_cluster(service.environment, folder)
    if service.name == "rabbitmq":
        own = folder / "rabbitmq"
        own.mkdir()
        own.joinpath("node.conf").write_text(_RABBITMQ)
        subprocess.run(["chown", "-R", "rabbitmq:", str(own)], check=True)
    if service.name == "nginx":
        folder.joinpath("nginx.conf").write_bytes((ROOT / "deploy/nginx.conf").read_bytes())
        _mount_for_nginx(folder)


def _postgres(folder: Path, given: list[str]) -> list[str]:
    programs = services.postgresql_folder()
    assert programs
    words = [str(programs / given[0]), *given[1:]]
    if given[0] == "postgres":
        data = str(folder / "volumes/postgres")
        words += ["-D", data, "-k", data, "-c", "listen_addresses=*"]
    return ["runuser", "-u", "postgres", "--", *words]


def _create_cluster(given: dict[str, str], folder: Path) -> None:
    data = folder / "volumes/postgres"
    password = folder / "password"
    password.write_text(given["POSTGRES_PASSWORD"])
    password.chmod(0o644)
    options = ["-U", given["POSTGRES_USER"], "--pwfile", str(password), "-A", "scram-sha-256"]
    init = _postgres(folder, ["initdb", "-D", str(data), *options, "-E", "UTF8", "--no-sync"])
    subprocess.run(init, check=True, stdout=subprocess.DEVNULL)
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all scram-sha-256\n")
    single = _postgres(folder, ["postgres"])
    single = [*single[: single.index("-D")], "--single", "-D", str(data), "postgres"]
    create = f"CREATE DATABASE {given['POSTGRES_DB']};\n"
    subprocess.run(single, input=create, text=True, check=True, stdout=subprocess.DEVNULL)


def _rabbitmq(folder: Path, given: list[str]) -> list[str]:
    own = folder / "rabbitmq"
    # Debian's commands on the PATH write to the system's folders.
    program = Path(rabbitmq.program() or "").with_name(given[0])
    places = {
        "HOME": own,
        "RABBITMQ_CONF_ENV_FILE": own / "none",
        "RABBITMQ_CONFIG_FILE": own / "node.conf",
        "RABBITMQ_ENABLED_PLUGINS_FILE": own / "plugins",
        "RABBITMQ_LOG_BASE": own,
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_MNESIA_BASE": own / "data",
        "RABBITMQ_NODENAME": "rabbit@localhost",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
    }
    set_places = ["env", "-C", str(own), *(f"{key}={value}" for key, value in places.items())]
    return ["setpriv", "--reuid=rabbitmq", "--regid=rabbitmq", "--clear-groups", *set_places,
            str(program), *given[1:]]  # fmt: skip


def _nginx(folder: Path, given: list[str]) -> list[str]:
    """As its image has it: a user without rights, a /tmp of its own."""
    private = (
        f"mount --bind {folder / 'nginx.conf'} /etc/nginx/nginx.conf"
        " && mount -t tmpfs -o mode=1777 tmpfs /tmp"
        ' && exec setpriv --reuid 101 --regid 101 --clear-groups --inh-caps=-all "$@"'
    )
    return ["unshare", "--mount", "sh", "-c", private, "sh", *given]


def _mount_for_nginx(folder: Path) -> None:
    """The volumes where compose mounts them, in our mount namespace."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/srv"], check=True)
    for name in ("static", "media"):
        Path("/srv", name).mkdir()
        source = str(folder / "volumes" / name)
        subprocess.run(["mount", "--bind", "-o", "ro", source, f"/srv/{name}"], check=True)
