"""ROGI and ROGI-XD by their definition, for tests/evaluate/roughness.rs: numpy and scipy only."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist


def data(n, dim):
    k = np.arange(n * dim)
    x = ((k * 7919 % 1009).astype(np.float32) / np.float32(1009.0)) ** 2
    x = x.reshape(n, dim)
    y = x[:, 0].astype(float) + np.sin(7.0 * x[:, 1].astype(float))
    return x.astype(float), y


def spread(y, labels):
    sizes = np.bincount(labels)[1:]
    means = np.bincount(labels, weights=y)[1:] / sizes
    centre = np.average(means, weights=sizes)
    return 2 * np.sqrt(np.average((means - centre) ** 2, weights=sizes))


def both(x, y, min_step=0.01):
    y = (y - y.min()) / (y.max() - y.min())
    distance = pdist(x) / np.linalg.norm(x.max(0) - x.min(0))
    tree = linkage(distance, "complete")
    points, last = [(0.0, 2 * y.std(), len(y))], -1.0
    for t in tree[:, 2]:
        if t >= last + min_step:
            labels = fcluster(tree, t, "distance")
            points.append((t, spread(y, labels), labels.max()))
            last = t
    points.append((1.0, 0.0, 1))
    t, s, n = map(np.array, zip(*points))
    along = 1 - np.log(n) / np.log(n[0])
    return s[0] - np.trapezoid(s, t), s[0] - np.trapezoid(s, along)


for n, dim in [(40, 3), (150, 8), (400, 24)]:
    print((n, dim, *both(*data(n, dim))))
