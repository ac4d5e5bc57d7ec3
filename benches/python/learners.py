"""Fillscape's learners beside xgboost and scikit-learn, on the same embeddings and splits.

python learners.py EMBEDDINGS MOLECULENET

EMBEDDINGS is the folder that `fillscape evaluate MODEL --tasks .../bace .../lipophilicity` filled (its --cache); both tasks
lose no row, so the embeddings are told by their number of rows. Versions are printed.
"""

import csv
import json
import pathlib
import sys

import numpy as np
import sklearn
import xgboost
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR


def embeddings(folder, n):
    for path in sorted(pathlib.Path(folder).glob("pooled-*.safetensors")):
        raw = path.read_bytes()
        size = int.from_bytes(raw[:8], "little")
        info = json.loads(raw[8 : 8 + size])["pooled"]
        if info["shape"][0] == n:
            start, end = info["data_offsets"]
            return np.frombuffer(raw[8 + size + start : 8 + size + end], np.float32).reshape(info["shape"])
    raise SystemExit(f"no embeddings of {n} molecules in {folder}")


def task(folder, label):
    parts = {}
    for part in ("train", "valid", "test"):
        with open(pathlib.Path(folder) / f"{part}.csv") as file:
            parts[part] = np.array([float(row[label]) for row in csv.DictReader(file)])
    return parts


def score(kind, y, p):
    return roc_auc_score(y, p) if kind == "class" else float(np.sqrt(np.mean((y - p) ** 2)))


def main(cache, moleculenet):
    print(f"xgboost {xgboost.__version__}, scikit-learn {sklearn.__version__}")
    for name, label, kind in (("bace", "Class", "class"), ("lipophilicity", "y", "number")):
        y = task(pathlib.Path(moleculenet) / name, label)
        x = embeddings(cache, sum(map(len, y.values())))
        ends = np.cumsum([len(part) for part in y.values()])
        x = dict(zip(y, np.split(x, ends[:-1])))
        found = []
        for seed in range(3):
            model = (xgboost.XGBClassifier if kind == "class" else xgboost.XGBRegressor)(
                n_estimators=500, learning_rate=0.05, max_depth=5, reg_lambda=1.0, min_child_weight=1.0, subsample=0.8,
                colsample_bytree=0.8, early_stopping_rounds=30, tree_method="hist", max_bin=256, random_state=seed,
                eval_metric="logloss" if kind == "class" else "rmse", n_jobs=1)
            model.fit(x["train"], y["train"], eval_set=[(x["valid"], y["valid"])], verbose=False)
            found.append(score(kind, y["test"], model.predict(x["test"], output_margin=True)))
        print(f"{name}: trees {' '.join(f'{s:.4f}' for s in found)}, mean {np.mean(found):.4f}")
        scaler = StandardScaler().fit(x["train"].astype(float))
        z = {part: scaler.transform(x[part].astype(float)) for part in x}
        n = len(y["train"])
        best = None
        for penalty in (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0):
            if kind == "class":
                model = LogisticRegression(C=1.0 / (penalty * n), max_iter=10000, tol=1e-8).fit(z["train"], y["train"])
                loss = log_loss(y["valid"], model.predict_proba(z["valid"])[:, 1])
                test = model.decision_function(z["test"])
            else:
                model = Ridge(alpha=penalty * n).fit(z["train"], y["train"])
                loss = np.mean((model.predict(z["valid"]) - y["valid"]) ** 2)
                test = model.predict(z["test"])
            if best is None or loss < best[0]:
                best = (loss, score(kind, y["test"], test), penalty)
        print(f"{name}: linear {best[1]:.4f} (penalty {best[2]})")
        low, high = y["train"].min(), y["train"].max()
        svr = SVR(kernel="rbf", C=5.0, epsilon=0.01, gamma=1.0 / z["train"].shape[1])
        svr.fit(z["train"], (y["train"] - low) / (high - low))
        print(f"{name}: svr {score(kind, y['test'], low + (high - low) * svr.predict(z['test'])):.4f}")


main(*sys.argv[1:])
