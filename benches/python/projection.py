"""UMAP of Fillscape beside umap-learn on two data sets that are no formulas; prints a table.

  digits   1797 handwritten digits of 64 pixels, which scikit-learn ships
  latents  molecules of a CSV file in the latent space of a model, as `fillscape model encode` writes them:
             fillscape model encode bundled --in bbbp.csv --kind latent --out latents.npy

    pip install umap-learn scikit-learn numpy
    python projection.py PROGRAM latents.npy

Both maps are judged by scikit-learn. The last fifth of the rows is also placed later, by a map fitted to the others.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import sklearn
import umap
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness

SEEDS = (0, 1, 2)
NEIGHBOURS = 15


def ours(program, folder, x, seed, later=None):
    rows, map_, fitted = folder / "rows.npy", folder / "map.npy", folder / "fitted.json"
    np.save(rows, x)
    run = lambda *arguments: subprocess.run([program, "project", *map(str, arguments)], check=True, capture_output=True)
    run("fit", rows, "--method", "umap", "--neighbours", NEIGHBOURS, "--seed", seed, "--trust", 0, "--map", map_, "--out", fitted)
    y = np.load(map_)
    if later is None:
        return y
    np.save(rows, later)
    run("apply", fitted, rows, "--map", map_)
    return np.concatenate([y, np.load(map_)])


def theirs(x, seed, later=None):
    model = umap.UMAP(n_neighbors=NEIGHBOURS, random_state=seed, n_jobs=1).fit(x)
    return model.embedding_ if later is None else np.concatenate([model.embedding_, model.transform(later)])


def judged(x, maps):
    pairs = [(trustworthiness(x, y, n_neighbors=NEIGHBOURS), trustworthiness(y, x, n_neighbors=NEIGHBOURS)) for y in maps]
    return np.mean(pairs, axis=0)


def timed(make):
    start = time.perf_counter()
    maps = [make(seed) for seed in SEEDS]
    return maps, (time.perf_counter() - start) / len(SEEDS)


if __name__ == "__main__":
    program, latents = sys.argv[1:]
    print("umap-learn", umap.__version__, "scikit-learn", sklearn.__version__, "numpy", np.__version__)
    theirs(np.random.default_rng(0).normal(size=(200, 8)), 0)  # compiled once, not timed
    for name, x in [("digits", load_digits().data), ("latents", np.load(latents))]:
        x = np.ascontiguousarray(x, dtype=np.float32)
        cut = len(x) * 4 // 5
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for who, whole, later in [
                ("ours", lambda s: ours(program, folder, x, s), lambda s: ours(program, folder, x[:cut], s, x[cut:])),
                ("umap-learn", lambda s: theirs(x, s), lambda s: theirs(x[:cut], s, x[cut:])),
            ]:
                maps, seconds = timed(whole)
                placed, _ = timed(later)
                t, c = judged(x, maps)
                tp, cp = judged(x, placed)
                print(f"{name} {x.shape} {who}: trust {t:.4f} continuity {c:.4f}, a fifth placed later {tp:.4f} {cp:.4f}, {seconds:.1f} s")
