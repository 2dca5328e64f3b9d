"""When a freshness barrier may be answered."""

from vexord.ingest.syncs import PendingSync, Syncs


def sync(seq: int, cookie: int, expires_s: float = 100.0, patient: bool = False) -> PendingSync:
    return PendingSync(seq=seq, cookie=cookie, expires_s=expires_s, patient=patient)


def always(_event_seq: int, _scan: int) -> bool:
    return True


def test_nothing_holds_before_its_cookie_came_back() -> None:
    syncs = Syncs()
    syncs.add(sync(1, cookie=7))
    assert syncs.take(always, now=0.0, eta_s=None) == []
    syncs.cookie_seen(7, event_seq=3, scan_number=0)
    assert [(s.seq, fresh) for s, fresh in syncs.take(always, now=0.0, eta_s=None)] == [(1, True)]
    assert len(syncs) == 0


def test_a_barrier_waits_for_its_events_and_its_scans() -> None:
    syncs = Syncs()
    syncs.add(sync(1, cookie=7))
    syncs.cookie_seen(7, event_seq=5, scan_number=2)
    assert syncs.urgent_seq() == 5
    for events, scans, expected in ((4, 2, []), (5, 1, []), (5, 2, [True])):
        served = syncs.take(lambda e, s, events=events, scans=scans: e <= events and s <= scans, 0.0, None)
        assert [fresh for _, fresh in served] == expected


def test_an_expired_barrier_is_answered_as_not_fresh() -> None:
    syncs = Syncs()
    syncs.add(sync(1, cookie=7, expires_s=10.0))
    syncs.add(sync(2, cookie=8, expires_s=20.0))
    assert syncs.next_expiry() == 10.0
    assert [(s.seq, fresh) for s, fresh in syncs.take(always, now=10.0, eta_s=None)] == [(1, False)]
    assert len(syncs) == 1


def test_only_a_patient_barrier_waits_for_a_scan_that_will_outlast_it() -> None:
    syncs = Syncs()
    syncs.add(sync(1, cookie=7, expires_s=10.0))
    syncs.add(sync(2, cookie=8, expires_s=10.0, patient=True))
    answered = syncs.take(lambda *_: False, now=0.0, eta_s=60.0)
    assert [(s.seq, fresh) for s, fresh in answered] == [(1, False)]
    assert [(s.seq, fresh) for s, fresh in syncs.take(always, now=10.0, eta_s=None)] == [(2, False)]
