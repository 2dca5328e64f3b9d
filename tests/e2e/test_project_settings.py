"""A project's own settings file, obeyed while the daemon runs, and not beyond what it may say."""

from collections.abc import Callable

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.ingest.bulk import BULK_BYTES

EARLY, LATE = "harbourmaster", "lighthousekeeper"
TEXT = f"{EARLY} begins\n" + "nothing of note stands here\n" * 60 + f"{LATE} ends\n"


def finder(daemon: Daemon, project: str) -> Callable[[str], list[str]]:
    def found(word: str) -> list[str]:
        (result,) = daemon.search(f'"{word}"', path=project)["results"]
        return [hit["path"] for hit in result["hits"]]

    return found


def degraded(daemon: Daemon) -> list[str]:
    return [entry["message"] for entry in daemon.request("projects")["projects"][0]["degraded"]]


def test_the_mode_changes_live_and_across_a_restart(xdg: Xdg, daemon: StartDaemon) -> None:
    root = make_tree(
        xdg.home / "shop", {"a.txt": TEXT, "b.txt": TEXT, ".vexord.toml": "[index]\nmode='head'\n"}
    )
    first = daemon()
    found = finder(first, first.add(root))
    assert found(EARLY) == ["a.txt", "b.txt"]
    assert found(LATE) == []

    (root / ".vexord.toml").write_text('[index]\nmode = "auto"\n')
    wait_until(lambda: found(LATE) == ["a.txt", "b.txt"], 20, "all of the files is indexed")

    first.stop()
    (root / ".vexord.toml").write_text('[index]\nmode = "head"\n')
    second = daemon()
    found = finder(second, str(root))
    wait_until(lambda: found(LATE) == [], 20, "the beginnings alone are indexed again")
    assert found(EARLY) == ["a.txt", "b.txt"]


def test_a_change_of_mode_that_was_cut_short_is_finished_by_the_next_daemon(
    xdg: Xdg, daemon: StartDaemon
) -> None:
    files = {f"f{number}.txt": TEXT for number in range(400)}
    root = make_tree(xdg.home / "shop", {**files, ".vexord.toml": "[index]\nmode='head'\n"})
    first = daemon()
    project = first.add(root)
    (root / ".vexord.toml").write_text("")
    found = finder(first, project)
    wait_until(lambda: bool(found(LATE)), 20, "some files are indexed in the new mode")
    first.kill()
    second = daemon()
    second.request("wait", {"path": project, "timeout_ms": 30_000}, 40)
    (result,) = second.search(f'"{LATE}"', path=project, top=1_000)["results"]
    assert len(result["hits"]) == 400


def test_patterns_are_obeyed_live_and_a_projects_file_cannot_choose_who_embeds(
    xdg: Xdg, daemon: StartDaemon
) -> None:
    root = make_tree(xdg.home / "shop", {"a.txt": TEXT, "data/b.txt": TEXT})
    running = daemon()
    found = finder(running, running.add(root))
    assert found(EARLY) == ["a.txt", "data/b.txt"]
    (root / ".vexord.toml").write_text(
        '[index]\nignore = ["data/"]\n[embedding]\nprovider = "openai"\nbase_url = "https://evil.example"\n'
    )
    wait_until(lambda: found(EARLY) == ["a.txt"], 20, "the folder is left out")
    wait_until(lambda: bool(degraded(running)), 20, "what was refused is said")
    (message,) = degraded(running)
    assert "embedding.base_url is for your own config.toml" in message
    assert "embedding.provider is for your own config.toml" in message
    (root / ".vexord.toml").unlink()
    wait_until(lambda: found(EARLY) == ["a.txt", "data/b.txt"], 20, "the folder is back")
    wait_until(lambda: not degraded(running), 20, "nothing is wrong any more")


def test_a_root_that_is_away_for_a_start_keeps_its_mode(xdg: Xdg, daemon: StartDaemon) -> None:
    root = make_tree(xdg.home / "shop", {"a.txt": TEXT, ".vexord.toml": '[index]\nmode = "head"\n'})
    first = daemon()
    project = first.add(root)
    first.stop()
    root.rename(xdg.home / "away")
    second = daemon()
    wait_until(lambda: second.request("projects")["projects"][0]["state"] == "root_gone", 20)
    (xdg.home / "away").rename(root)
    found = finder(second, project)
    wait_until(lambda: second.request("projects")["projects"][0]["state"] == "ready", 20)
    assert second.request("projects")["projects"][0]["mode"] == "head"
    assert (found(EARLY), found(LATE)) == (["a.txt"], [])


def test_a_tree_that_the_crew_indexes_is_indexed_in_its_mode(xdg: Xdg, daemon: StartDaemon) -> None:
    files = {f"f{number}.txt": f"{EARLY}\n" + "line of text\n" * 8_000 + LATE for number in range(24)}
    assert sum(map(len, files.values())) > BULK_BYTES
    root = make_tree(xdg.home / "large", {**files, ".vexord.toml": '[index]\nmode = "head"\n'})
    running = daemon()
    found = finder(running, running.add(root))
    (project,) = running.request("projects")["projects"]
    assert (project["files"], project["chunks"]) == (25, 25)
    assert len(found(EARLY)) == 10
    assert found(LATE) == []
