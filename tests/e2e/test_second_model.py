"""The transformer at work behind a real daemon."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg

StartDaemon = Callable[..., Daemon]
MINILM = {"VEXORD_MODEL": "minilm"}
WORDS = ("socket", "cart", "invoice", "planet", "thread", "garden", "orbit", "violin", "ledger", "harbour")


def tree(root: Path) -> Path:
    code = "def {0}_{1}(value):\n    '''Give the {0} of {1}.'''\n    return value\n"
    make_tree(
        root,
        {f"src/{one}.py": "\n\n".join(code.format(one, two) * 12 for two in WORDS) for one in WORDS}
        | {"src/kill.py": "def terminate(pid):\n    os.kill(pid, 9)\n"},
    )
    return root


def second(daemon: Daemon) -> dict[str, Any]:
    (project,) = daemon.request("status")["projects"]
    assert project["degraded"] == []
    found: dict[str, Any] = project["second"]
    return found


def whole(daemon: Daemon) -> bool:
    told = second(daemon)
    return bool(told["rows"] == told["total"] > 0)


def kept_rows(xdg: Xdg) -> int:
    (file,) = (xdg.base / "data" / "vexord" / "embeddings").glob("*.sqlite")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        (count,) = database.execute("select count(*) from rows").fetchone()
    return int(count)


def test_rows_follow_while_the_project_is_searched_and_are_made_once(
    daemon: StartDaemon, xdg: Xdg, tmp_path: Path
) -> None:
    root = tree(tmp_path / "root")
    first = daemon(env=MINILM)
    first.add(root)
    answer = first.search("terminate a running program", path=str(root))
    assert answer["results"][0]["hits"][0]["path"] == "src/kill.py"
    wait_until(lambda: whole(first), 60, "every chunk has a row of the second model")
    answer = first.search("terminate a running program", path=str(root))
    assert answer["results"][0]["hits"][0]["path"] == "src/kill.py"
    assert not answer["stale"]
    made = kept_rows(xdg)
    assert made >= 64, "enough that they count"

    (root / "src/added.py").write_text("def added():\n    return 'something new under the sun'\n")
    answer = first.search("something new under the sun", path=str(root))
    assert answer["results"][0]["hits"][0]["path"] == "src/added.py"
    wait_until(lambda: kept_rows(xdg) == made + 1, 30, "the new chunk's row, and no other")
    wait_until(lambda: whole(first), 30, "published")
    first.kill()

    again = daemon(env=MINILM)
    again.add(root)
    assert whole(again), "rows outlive the process"
    assert kept_rows(xdg) == made + 1
    (copy := tmp_path / "copy").mkdir()
    tree(copy)
    again.add(copy)

    def both() -> bool:
        told = [project["second"] for project in again.request("status")["projects"]]
        return all(entry["rows"] == entry["total"] > 0 for entry in told)

    wait_until(both, 30, "the copy has its rows")
    assert kept_rows(xdg) == made + 1, "the same text is not embedded twice"


def test_without_it_status_says_nothing_of_it(daemon: StartDaemon, tmp_path: Path) -> None:
    running = daemon()
    running.add(tree(tmp_path / "root"))
    assert running.request("status")["projects"][0]["second"] is None


def test_a_wrong_setting_is_refused_with_its_mend(daemon: StartDaemon, xdg: Xdg) -> None:
    (xdg.config / "vexord").mkdir()
    (xdg.config / "vexord" / "config.toml").write_text('[embedding]\nmodle = "minilm"\n')
    try:
        daemon()
    except AssertionError as error:
        assert "E_CONFIG" in str(error)
        assert "did you mean 'model'?" in str(error)
    else:
        raise AssertionError("it started")


def test_another_model_is_taken_on_by_the_running_daemon(
    daemon: StartDaemon, xdg: Xdg, tmp_path: Path
) -> None:
    root = tree(tmp_path / "root")
    running = daemon()
    running.add(root)
    assert second(running) is None
    config = xdg.config / "vexord" / "config.toml"
    config.write_text('[embedding]\nmodel = "minilm"\n')
    wait_until(lambda: second(running) is not None, 20, "the new indexer tells of the model")
    wait_until(lambda: whole(running), 60, "every chunk has a row of the second model")
    answer = running.search("terminate a running program", path=str(root))
    assert (answer["results"][0]["hits"][0]["path"], answer["results"][0]["notes"]) == ("src/kill.py", [])
    assert running.request("status")["indexer"]["restarts"] == 0

    config.unlink()
    wait_until(lambda: second(running) is None, 20, "the embedded model alone again")
    assert not running.search("terminate a running program", path=str(root))["stale"]
