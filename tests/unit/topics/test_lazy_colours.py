from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from channels_celery.topics import lazy_colours

#: autobahn's own method, on what it uses of itself.
REAL = """
from types import SimpleNamespace
import txaio
txaio.use_twisted()
from autobahn.websocket import protocol
from channels_celery.topics import lazy_colours

class Sender:
    peer, send_queue, logOctets, sendData = "tcp4:1.2.3.4:5", (), False, None
    state = protocol.WebSocketProtocol.STATE_OPEN
    def __init__(self, debug):
        self.transport = SimpleNamespace(write=lambda data: None)
        self.trafficStats = SimpleNamespace(outgoingOctetsWireLevel=0)
        self.log = SimpleNamespace(debug=debug)
    def send(self):
        protocol.WebSocketProtocol.sendData(self, b"abc")

lines, coloured = [], []
for name in ("hltype", "hlval"):
    def colour(word, colour=getattr(protocol, name), **options):
        coloured.append(word)
        return colour(word, **options)
    setattr(protocol, name, colour)
reading = Sender(lambda line, **words: lines.append(line.format(**words)))
reading.send()
assert "3" in lines[0] and "1.2.3.4" in lines[0] and coloured
lazy_colours.install()
lazy_colours.install()
reading.send()
assert lines[1] == lines[0], lines
coloured.clear()
Sender(lambda line, **words: None).send()
assert not coloured, coloured
print("seen")
"""


def test_a_line_that_nobody_reads_is_not_coloured_and_one_that_is_read_is_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True, timeout=60)
    assert done.stdout == "seen\n", done.stderr


@pytest.fixture(params=["absent", "another"])
def other_autobahn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """None loaded, or one that colours nothing."""
    found = ModuleType("protocol")
    name = "autobahn.websocket.protocol"
    if request.param == "absent":
        monkeypatch.delitem(sys.modules, name, raising=False)
    else:
        monkeypatch.setitem(sys.modules, name, found)
    return found


def test_an_autobahn_that_colours_nothing_is_left_as_it_is(other_autobahn: ModuleType) -> None:
    before = dict(vars(other_autobahn))
    lazy_colours.install()
    assert vars(other_autobahn) == before
