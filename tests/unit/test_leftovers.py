from __future__ import annotations

import pytest

from channels_celery.jobs import registry
from tests import leftovers


def test_what_a_test_leaves_is_found_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = leftovers.found()
    leftovers.check(before)
    with monkeypatch.context() as patch:
        patch.setattr(registry, "_handlers", {})
        patch.setenv("LEFT", "behind")
        with pytest.raises(pytest.fail.Exception, match=r"(?s)channels: .*environment: ") as failed:
            leftovers.check(before)
        assert "threads" not in str(failed.value)
    leftovers.check(before)
