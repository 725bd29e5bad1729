# The two commands are `make up` and `make test`; each installs the Python packages it needs.
# Written for GNU make 3.81, which macOS has.

PYTHON ?= python3
VENV = .venv
RUN = $(VENV)/bin/python
INSTALL = $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
LOCK = $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(ARGS)

.PHONY: docs up test proof adopter chaos faults corpus bench-images lint lock screenshots system compose-check

# Run the site: PORT, HOST, VAR_DIR and WORKERS let several copies run side by side.
up: $(VENV)/run.stamp
	@DEBUG=$${DEBUG-1} exec $(RUN) manage.py up

# All tests but the long proofs; ARGS goes to pytest. What lacks a program is skipped and named,
# but not on CI. Many wait for a process or a clock: one more at once than there are processors.
PYTEST = $(RUN) -m pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist worksteal

test: $(VENV)/dev.stamp
	@exec $(PYTEST) -m "not proof and not adopter" $(ARGS)

# The long proofs: workers killed at every step, RabbitMQ, make up, axe on every page.
# SHORT=1 takes what runs on both databases on PostgreSQL alone.
proof: $(VENV)/dev.stamp
	@exec $(PYTEST) -m "proof$(if $(SHORT), and not sqlite_too)" $(ARGS)

# The wheel in a foreign project, at the lowest and the newest versions that are supported.
adopter: $(VENV)/dev.stamp
	@exec $(RUN) -m pytest -n 2 --dist loadgroup -m adopter $(ARGS)

# Jobs sent while everything is killed, cut and stopped; CHAOS=long for ten thousand of them.
chaos: $(VENV)/dev.stamp
	@exec $(RUN) -m tests.chaos

# Topics followed through bad networks and dying services, three minutes; ARGS=--short under one.
faults: $(VENV)/dev.stamp
	@exec $(RUN) -m tests.faults $(ARGS)

# The thumbnailer over a folder of your own images: verdicts and times.
corpus: $(VENV)/dev.stamp
	@exec $(RUN) -m tests.corpus "$(CORPUS)"

lint: $(VENV)/dev.stamp
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy .

# Measure beside what one would write without the library, about five minutes; ARGS=--help.
bench: $(VENV)/dev.stamp
	@exec $(RUN) -m bench $(ARGS)

# The thumbnailer beside pyvips, sharp and Pillow as one would write it; ARGS=--help.
bench-images: $(VENV)/dev.stamp
	@$(INSTALL) -r requirements.lock -r requirements-dev.lock -r requirements-bench.lock
	@cd bench/images/sharp && npm ci --silent --no-audit --no-fund
	@exec $(RUN) -m bench.images $(ARGS)

# The pages of docs/ as HTML in var/docs; a warning is an error. Pictures need Graphviz.
docs: $(VENV)/dev.stamp
	@exec $(RUN) -m sphinx --fail-on-warning --nitpicky --quiet -b html docs var/docs

# Write the locks anew; ARGS=--upgrade takes the newest versions.
lock: $(VENV)/dev.stamp
	$(LOCK) --group site --group local -o requirements.lock
	$(LOCK) --group s3 -c requirements.lock -o requirements-s3.lock
	$(LOCK) --group s3 --group dev -c requirements.lock -c requirements-s3.lock -o requirements-dev.lock
	$(LOCK) --group bench -c requirements.lock -o requirements-bench.lock

# Every page in every state, light and dark, phone and desk, as pictures in screenshots/.
screenshots: $(VENV)/dev.stamp
	@exec $(RUN) -m tests.acceptance.screenshots

# The programs that the tests use (root on Debian).
system:
	@sh deploy/system.sh

# docker-compose.yml run for real without a Docker engine (root on Debian; some minutes).
compose-check: $(VENV)/dev.stamp
	@exec sh deploy/compose-check.sh $(RUN)

$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is %d.%d: make up PYTHON=python3.12" % sys.version_info[:2])'
	@test ! -L $(VENV) || { echo "$(VENV) is a link to another environment: remove it first" >&2; exit 1; }
	@echo "Making $(VENV)"
	@# Debian's python3 without python3-venv has no ensurepip: pip then installs itself there.
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
		$(PYTHON) -m venv --clear --without-pip $(VENV) && \
		$(PYTHON) -m pip --python $(VENV) install --quiet pip; }
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp requirements.lock
	@echo "Installing the packages of the site"
	@$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	@echo "Installing the packages of the tests"
	@$(INSTALL) -r requirements.lock -r requirements-dev.lock
	@touch $@
