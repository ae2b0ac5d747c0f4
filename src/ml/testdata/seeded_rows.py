"""Rows that a test in C++ (seeded_rows_for_test.h) makes too: every number is a multiple of 1/64 that a double holds exactly."""

MASK = (1 << 64) - 1


class Sequence:
    def __init__(self, seed):
        self.state = seed

    def below(self, end):
        """An integer of 0 to end - 1."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return (self.state >> 33) % end


def rows(count, columns, seed):
    """Features in [-2, 2), a label that is linear in them with noise and some outliers, one of three classes, and a weight."""
    random = Sequence(seed)
    made = []
    for i in range(count):
        features = [(random.below(256) - 128) / 64 * (1 + j % 3) for j in range(columns)]
        label = 1.5
        for j, x in enumerate(features):
            label += x * (2 - j)
        label += (random.below(65) - 32) / 64
        if i % 17 == 0:
            label += 16
        scores = [features[0] + features[1] + random.below(128) / 64, features[2] - features[0] + random.below(128) / 64,
                  random.below(192) / 64]
        made.append((features, label, float(scores.index(max(scores))), 0.5 + i % 5))
    return made
