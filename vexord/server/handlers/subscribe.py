"""`subscribe`: events of one project or of all, until cancelled or until the client goes."""

from vexor_protocol.messages import SubscribeParams, SubscribeResult

from vexord.server.dispatch import Call
from vexord.server.services import Services


class SubscribeMethod:
    """Handler of `subscribe`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def subscribe(self, call: Call, params: SubscribeParams) -> SubscribeResult:
        """Begin or cancel; the reply names the projects that the client gets events of then."""
        tracker, subscriptions = self._services.tracker, self._services.subscriptions
        project_id = tracker.covering(params.path)[0].project.id if params.path is not None else None
        if params.cancel:
            subscriptions.cancel(call.peer, project_id)
        else:
            subscriptions.add(call.peer, project_id)
        projects = [
            view.project.root for view in tracker.views if subscriptions.wants(call.peer, view.project.id)
        ]
        return SubscribeResult(subscribed=subscriptions.has(call.peer), projects=projects)
