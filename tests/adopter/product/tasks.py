"""The commands of this repository for `invoke`, as its custom is: no part of the product."""

from __future__ import annotations

raise ImportError("The product runs without its repository's commands.")
