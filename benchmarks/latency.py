"""Daemon round trips on a warm index: one client alone, then 50 at once."""

import argparse
import threading
import time

from benchmarks.harness import daemon_on, describe_machine, quantiles

QUERIES = (
    "where are migrations applied", "parse http header", "validate email address", "QuerySet",
    "open a database", "render template to string", "hash a password", "cache key prefix",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--clients", type=int, default=50)
    options = parser.parse_args()
    with daemon_on(options.tree) as daemon:
        print(describe_machine())
        client = daemon.client()
        chunks = client.request("projects")["projects"][0]["chunks"]
        for fresh_ms in (0, 1000):
            times = []
            for number in range(options.rounds):
                started = time.perf_counter()
                client.request(
                    "search", query=QUERIES[number % len(QUERIES)], path=daemon.tree, fresh_ms=fresh_ms
                )
                times.append((time.perf_counter() - started) * 1000)
            p50, p95, p99 = quantiles(times, 0.5, 0.95, 0.99)
            print(f"{chunks} chunks, fresh_ms={fresh_ms}: p50 {p50:.2f} p95 {p95:.2f} p99 {p99:.2f} ms")
        many: list[float] = []

        def ask(seed: int) -> None:
            mine = daemon.client()
            for number in range(20):
                started = time.perf_counter()
                mine.request(
                    "search", query=QUERIES[(seed + number) % len(QUERIES)], path=daemon.tree, fresh_ms=1000
                )
                many.append((time.perf_counter() - started) * 1000)
            mine.close()

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(options.clients)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = len(many) / (time.perf_counter() - started)
        p50, p99 = quantiles(many, 0.5, 0.99)
        print(f"{options.clients} clients at once: {rate:.0f} searches/s, p50 {p50:.1f}  p99 {p99:.1f} ms")


if __name__ == "__main__":
    main()
