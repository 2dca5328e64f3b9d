"""One module for each group of methods; `handlers` puts them together."""

from vexord.server.dispatch import Handler
from vexord.server.handlers.about import About
from vexord.server.handlers.projects import ProjectMethods
from vexord.server.handlers.search import SearchMethod
from vexord.server.handlers.subscribe import SubscribeMethod
from vexord.server.handlers.wait import WaitMethod
from vexord.server.services import Services


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handler of every method."""
    about, projects = About(services), ProjectMethods(services)
    return {
        "hello": about.hello,
        "status": about.status,
        "shutdown": about.shutdown,
        "register": projects.register,
        "unregister": projects.unregister,
        "projects": projects.projects,
        "reindex": projects.reindex,
        "search": SearchMethod(services).search,
        "wait": WaitMethod(services).wait,
        "subscribe": SubscribeMethod(services).subscribe,
    }
