"""The fastest native program for a workload, in one process with two threads: side C of ./run bench.

    python peer_side.py WORKLOAD PARAMS TRAIN TEST

As workload_side.py, without Spark. Needs the packages of bench/peers.txt.
"""

import json
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import scipy.sparse as sp
import sklearn.metrics as metrics

THREADS = 2


def read(folder):
    """The columns of a data set: vectors as a matrix, dense or CSR."""
    table = pq.read_table(folder).combine_chunks()
    found = {}
    for name in table.column_names:
        column = table[name].chunk(0) if table.num_rows else table[name]
        if not hasattr(column.type, "field") or column.type.num_fields == 0:
            found[name] = column.to_numpy(zero_copy_only=False)
            continue
        values, sizes = column.field("values"), column.field("size")
        data = values.values.to_numpy()
        if sizes.null_count == len(sizes):
            found[name] = data.reshape(len(column), -1)
        else:
            found[name] = sp.csr_matrix((data, column.field("indices").values.to_numpy(), values.offsets.to_numpy()),
                                        shape=(len(column), sizes[0].as_py()))
    return found


def fit_als(params, train):
    from implicit.als import AlternatingLeastSquares

    user, item, rating = train["user"], train["item"], train["rating"]
    shape = (int(user.max()) + 1, int(item.max()) + 1)
    values = np.sign(rating) * (1 + params["alpha"] * np.abs(rating)) if params["implicitPrefs"] else rating
    model = AlternatingLeastSquares(factors=params["rank"], iterations=params["maxIter"], use_cg=False, num_threads=THREADS, random_state=1,
                                    regularization=params["regParam"] * len(user) / 2 / max(shape))
    model.fit(sp.csr_matrix((values, (user, item)), shape=shape), show_progress=False)
    return lambda test: {}


def fit_pca(params, train):
    from sklearn.decomposition import PCA

    model = PCA(params["k"], svd_solver="covariance_eigh").fit(train["features"])
    return lambda test: {"explained": float(model.explained_variance_ratio_.sum())}


def probabilities(predict):
    def judged(test):
        p = predict(test["features"])
        found = {"accuracy": metrics.accuracy_score(test["label"], p.argmax(axis=1)), "logLoss": metrics.log_loss(test["label"], p, labels=range(p.shape[1]))}
        if p.shape[1] == 2:
            found["auc"] = metrics.roc_auc_score(test["label"], p[:, 1])
        return found

    return judged


def fit_gbt(params, train):
    from lightgbm import LGBMClassifier

    leaves = min(2 ** params["maxDepth"], 1024)
    model = LGBMClassifier(n_estimators=params["maxIter"], max_depth=params["maxDepth"], num_leaves=leaves, learning_rate=params["stepSize"],
                           max_bin=params["maxBins"], min_child_samples=1, n_jobs=THREADS, verbose=-1).fit(train["features"], train["label"])
    return probabilities(model.predict_proba)


def fit_linear(params, train):
    from sklearn.linear_model import ElasticNet

    x, y = train["features"], train["label"]
    mean, deviation, spread = x.mean(axis=0), x.std(axis=0, ddof=1), y.std(ddof=1)
    reg, mix = params["regParam"], params["elasticNetParam"]
    l1, l2 = reg * mix, reg * (1 - mix) / spread
    model = ElasticNet(alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), precompute=True, max_iter=params["maxIter"] * 20, tol=params["tol"])
    model.fit((x - mean) / deviation, y)
    return lambda test: {"rmse": float(np.sqrt(np.mean((model.predict((test["features"] - mean) / deviation) - test["label"]) ** 2))),
                         "nonzero": int((model.coef_ != 0).sum())}


def fit_lr(params, train):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=np.inf, solver="lbfgs", max_iter=params["maxIter"], tol=params["tol"]).fit(train["features"], train["label"])
    return probabilities(model.predict_proba)


def fit_kmeans(params, train):
    from sklearn.cluster import KMeans

    model = KMeans(params["k"], init="random", n_init=1, max_iter=params["maxIter"], tol=0, algorithm="lloyd", random_state=1).fit(train["features"])
    return lambda test: {"wssse": float(model.inertia_)}


def fit_bayes(params, train):
    from sklearn.naive_bayes import MultinomialNB

    return probabilities(MultinomialNB(alpha=params["smoothing"]).fit(train["features"], train["label"]).predict_proba)


def fit_lda(params, train):
    from sklearn.decomposition import LatentDirichletAllocation

    x = train["features"]
    generator = np.random.default_rng(1)
    model = LatentDirichletAllocation(params["k"], learning_method="online", learning_offset=1024, learning_decay=0.51, total_samples=x.shape[0],
                                      random_state=1)
    for _ in range(params["maxIter"]):
        model.partial_fit(x[generator.random(x.shape[0]) < 0.05])
    return lambda test: {"perplexity": float(np.log(model.perplexity(test["features"])))}


def main():
    workload, params, train, test = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], sys.argv[4]
    fit = globals()[f"fit_{workload}"]
    for line in sys.stdin:
        began = time.perf_counter()
        judged = fit(params, read(train))
        found = {"seconds": time.perf_counter() - began}
        if line.strip() == "judge":
            found["quality"] = judged(read(test))
        print(json.dumps(found), flush=True)


main()
