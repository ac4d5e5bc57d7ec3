"""Reference values for tests/projection: umap-learn, scikit-learn's t-SNE, PCA, trustworthiness.

Two data sets made by formulas (the same in tests/projection/data.rs), no random numbers:
  roll   1500 points of a Swiss roll, turned into 12 dimensions, with a little noise
  blobs  1500 points in 10 clusters of 24 dimensions

    pip install umap-learn scikit-learn numpy
    python projection_reference.py
"""

import numpy as np
import sklearn
import umap
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness


def noise(i, j):
    """In [0, 1), looks random; i and j broadcast."""
    v = np.sin(12.9898 * i + 78.233 * j + 0.5) * 43758.5453
    return v - np.floor(v)


def roll(n=1500, d=12):
    i = np.arange(n, dtype=float)
    t = 1.5 * np.pi * (1 + 2 * noise(i, 101.0))
    x = np.stack([t * np.cos(t), 21 * noise(i, 102.0), t * np.sin(t)], axis=1)
    turn = noise(np.arange(3.0)[:, None], np.arange(d)[None, :] + 200.0) - 0.5
    jitter = noise(i[:, None], np.arange(d)[None, :] + 300.0) - 0.5
    return (x @ turn + 0.5 * jitter).astype(np.float32)


def blobs(n=1500, d=24):
    i = np.arange(n, dtype=float)
    cluster = np.floor(10 * noise(i, 401.0))
    centre = 4 * noise(cluster[:, None], np.arange(d)[None, :] + 500.0)
    spread = sum(noise(i[:, None], np.arange(d)[None, :] + 600.0 + 50 * k) for k in range(4)) - 2.0
    return (centre + spread).astype(np.float32)


def both(x, y, k=15):
    return trustworthiness(x, y, n_neighbors=k), trustworthiness(y, x, n_neighbors=k)


if __name__ == "__main__":
    print("umap-learn", umap.__version__, "scikit-learn", sklearn.__version__, "numpy", np.__version__)
    for name, x in [("roll", roll()), ("blobs", blobs())]:
        print(name, "sum", float(x.astype(float).sum()), "first", x[0, :3], "last", x[-1, -3:])
        p = PCA(2).fit(x.astype(float))
        print("  pca: explained", p.explained_variance_ratio_, "trust, continuity", both(x, p.transform(x)))
        u = [both(x, umap.UMAP(n_jobs=1, random_state=s).fit_transform(x)) for s in range(3)]
        print("  umap (3 seeds): trust, continuity", np.mean(u, axis=0), "least", np.min(u, axis=0))
        m = umap.UMAP(n_jobs=1, random_state=0).fit(x[:1200])
        y = np.concatenate([m.embedding_, m.transform(x[1200:])])
        print("  umap, last 300 by transform: trust, continuity", both(x, y))
        t = TSNE(2, init="pca", random_state=0).fit_transform(x)
        print("  t-sne: trust, continuity", both(x, t))
