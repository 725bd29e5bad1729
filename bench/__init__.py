"""How fast it is, beside what one would use instead, in one run on one machine: `make bench`."""

from __future__ import annotations
