import numpy as np
import pytest

from vexord.index.merge import MAX_SEGMENTS, SegmentLoad, choose_merge


def test_few_segments_are_left_alone() -> None:
    assert choose_merge([SegmentLoad(10, 0)] * MAX_SEGMENTS) == []


def test_small_segments_are_merged_without_the_large_one() -> None:
    loads = [SegmentLoad(10, 0)] * 4 + [SegmentLoad(50_000, 0)] + [SegmentLoad(12, 0)] * 4
    assert choose_merge(loads) == [0, 1, 2, 3, 5, 6, 7, 8]


def test_a_segment_with_many_dead_rows_is_rewritten_with_all_smaller_ones() -> None:
    loads = [SegmentLoad(1_000, 0), SegmentLoad(60, 40), SegmentLoad(10, 0)]
    assert choose_merge(loads) == [1, 2]
    assert choose_merge([SegmentLoad(70, 30)]) == []
    assert choose_merge([SegmentLoad(69, 31)]) == [0]


@pytest.mark.parametrize("sizes", [[2**i for i in range(12)], [3**i for i in range(12)], [0] * 12])
def test_merging_ends_at_the_limit(sizes: list[int]) -> None:
    while chosen := choose_merge([SegmentLoad(size, 0) for size in sizes]):
        assert len(chosen) >= 2
        merged = sum(sizes[i] for i in chosen)
        sizes = [size for i, size in enumerate(sizes) if i not in chosen] + [merged]
    assert 1 <= len(sizes) <= MAX_SEGMENTS


def test_what_a_first_index_leaves_becomes_one_segment_when_it_has_settled() -> None:
    assert choose_merge([SegmentLoad(size, 0) for size in (700, 4_000, 5_000)], settled=True) == [0, 1, 2]
    assert choose_merge([SegmentLoad(10, 0)], settled=True) == []


def test_a_few_edits_do_not_move_a_large_segment() -> None:
    assert choose_merge([SegmentLoad(size, 0) for size in (50_000, 3, 12)], settled=True) == [1, 2]
    assert choose_merge([SegmentLoad(50_000, 0), SegmentLoad(15, 0)], settled=True) == []


@pytest.mark.parametrize("settled", [False, True])
def test_a_row_is_copied_a_logarithmic_number_of_times(settled: bool) -> None:
    random = np.random.default_rng(1)
    sizes, copied, total = [50_000], 0, 0
    for _ in range(5_000):
        sizes.append(int(random.integers(1, 30)))
        total += sizes[-1]
        while chosen := choose_merge([SegmentLoad(size, 0) for size in sizes], settled=settled):
            merged = sum(sizes[i] for i in chosen)
            copied += merged
            sizes = [size for i, size in enumerate(sizes) if i not in chosen] + [merged]
    assert len(sizes) <= MAX_SEGMENTS
    assert copied < 12 * (total + 50_000)
