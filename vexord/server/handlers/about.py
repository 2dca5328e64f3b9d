"""`hello`, `status` and `shutdown`: answered from memory, without touching the disk."""

import os
import time

from vexor_protocol import MIN_PROTOCOL_VERSION, PROTOCOL_VERSION
from vexor_protocol.configuration import Found
from vexor_protocol.health import Degraded, SettingInEffect
from vexor_protocol.messages import (
    HelloParams,
    HelloResult,
    ShutdownParams,
    ShutdownResult,
    StatusParams,
    StatusResult,
)

from vexord import __version__
from vexord.server.dispatch import Call
from vexord.server.installed import RESTART_ADVISED
from vexord.server.services import Services

CAPABILITIES = (
    "fresh", "first_index", "many_queries", "many_projects", "filters", "render", "subscribe", "wait_clock",
    "explain", "syntax", "corrected", "like", "no_cache", "settings", "remote",
    "held_back", "vitals",
)  # fmt: skip
"""Names that clients may ask for instead of comparing versions; none is ever taken away."""


class About:
    """Handlers about the daemon itself."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def hello(self, _call: Call, _params: HelloParams) -> HelloResult:
        """Say who answers."""
        return HelloResult(
            protocol=PROTOCOL_VERSION,
            protocol_min=MIN_PROTOCOL_VERSION,
            version=__version__,
            boot_id=self._services.figures.boot_id,
            pid=os.getpid(),
            capabilities=list(CAPABILITIES),
        )

    def status(self, _call: Call, params: StatusParams) -> StatusResult:
        """Say how everything is."""
        services = self._services
        resident, mapped = services.figures.memory()
        return StatusResult(
            version=__version__,
            protocol=PROTOCOL_VERSION,
            boot_id=services.figures.boot_id,
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - services.figures.started_s, 1),
            rss_bytes=resident,
            mapped_bytes=mapped,
            unclean_ends=list(services.figures.unclean_ends),
            socket=services.socket.path,
            clients=services.socket.peers,
            searches=services.figures.searches,
            rejected_peers=services.socket.rejected,
            indexer=services.link.status(),
            projects=[view.status(held_back=params.held_back) for view in services.tracker.views],
            degraded=self._degraded(),
            query_cache=services.engine.query_cache(),
            settings=[_shown(*item) for item in services.live.choices.settings.items()],
            remote=services.engine.second.remote(services.link.spent) if services.engine.second else None,
        )

    def shutdown(self, _call: Call, _params: ShutdownParams) -> ShutdownResult:
        """Stop after the reply."""
        self._services.timers.at(time.monotonic(), self._services.stop)
        return ShutdownResult(stopping=True, pid=os.getpid())

    def _degraded(self) -> list[Degraded]:
        found = self._services.link.degraded()
        problem = self._services.live.problem
        if problem is not None:
            found.append(
                Degraded(
                    name="settings",
                    message=f"{problem.message}; the settings from before hold",
                    hint=problem.hint,
                )
            )
        if self._services.engine.second is not None:
            found += self._services.engine.second.degraded()
        if self._services.registry.problem:
            found.append(
                Degraded(
                    name="registry",
                    message=self._services.registry.problem,
                    hint="see what is registered: vexorctl list",
                )
            )
        if self._services.installed.replaced:
            found.append(
                Degraded(
                    name=RESTART_ADVISED,
                    message=f"vexord {__version__} runs, but was upgraded or removed since it was started",
                    hint="run: vexorctl restart",
                )
            )
        if self._services.socket.sheds:
            found.append(
                Degraded(
                    name="connections_shed",
                    message=f"too many clients at once; all were dropped {self._services.socket.sheds} times",
                    hint="close connections that are not used",
                )
            )
        return found


def _shown(name: str, found: Found) -> SettingInEffect:
    value = list(found.value) if isinstance(found.value, tuple) else found.value
    return SettingInEffect(name=name, value=value, origin=found.origin)
