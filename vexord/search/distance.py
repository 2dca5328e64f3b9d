"""How many slips of the finger lie between two words."""


def edit_distance(one: bytes, other: bytes, limit: int) -> int:
    """Return how many insertions, deletions, replacements and swaps it takes; limit + 1 if more than that.

    Optimal string alignment (Damerau's edits, no letter edited twice), within a band of `limit` diagonals.
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    far = limit + 1
    before: list[int] = []
    previous = [min(column, far) for column in range(len(other) + 1)]
    for row, letter in enumerate(one, 1):
        current = [far] * (len(other) + 1)
        if row <= limit:
            current[0] = row
        for column in range(max(1, row - limit), min(len(other), row + limit) + 1):
            same = letter == other[column - 1]
            best = min(previous[column - 1] + (not same), previous[column] + 1, current[column - 1] + 1)
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == other[column - 1]:
                best = min(best, before[column - 2] + 1)
            current[column] = min(best, far)
        if min(current) == far:
            return far
        before, previous = previous, current
    return previous[-1]
