"""Cases about PCA, k-means, its evaluator and naive Bayes."""

from __future__ import annotations

from pyspark.ml.classification import NaiveBayes, NaiveBayesModel
from pyspark.ml.clustering import KMeans, KMeansModel
from pyspark.ml.evaluation import ClusteringEvaluator, MulticlassClassificationEvaluator
from pyspark.ml.feature import PCA, PCAModel, VectorAssembler
from pyspark.sql import functions as F

from recorder import Scene, add


def features(s: Scene, name: str = "patients4", first: int = 0, last: int = 8):
    columns = [c for c in s.table(name).columns if c not in ("label", "row", "fold", "weight")][first:last]
    return VectorAssembler(inputCols=columns, outputCol="features").transform(s.table(name))


def pca(s: Scene, table: str, k: int, **columns):
    data = features(s, table, **columns)
    model = PCA(k=k, inputCol="features", outputCol="o").fit(data)
    scored = model.transform(data)
    model.write().overwrite().save(f"{s.output}/pca_{table}_{k}")
    loaded = PCAModel.load(f"{s.output}/pca_{table}_{k}")
    return {"pc": model.pc, "explained": model.explainedVariance, "k": model.getK(), "schema": scored.select("o").schema.json(),
            "rows": sorted([r.row, r.o] for r in scored.select("row", "o").collect())[:30], "loaded": loaded.pc == model.pc,
            "same": loaded.transform(data).select("o").head(1) == scored.select("o").head(1)}


add("pca patients", lambda s: pca(s, "patients4", 3), rel=1e-6, least=1e-6)
add("pca one file", lambda s: pca(s, "patients1", 8), rel=1e-6, least=1e-6)
add("pca sparse", lambda s: pca(s, "sparse4", 5, last=24), rel=1e-6, least=1e-6)
add("pca too many", lambda s: PCA(k=9, inputCol="features", outputCol="o").fit(features(s)))
add("pca no rows", lambda s: PCA(k=1, inputCol="features", outputCol="o").fit(features(s).limit(0)))
add("pca without k", lambda s: PCA(inputCol="features", outputCol="o").fit(features(s)))
add("pca of a number", lambda s: PCA(k=1, inputCol="row", outputCol="o").fit(s.table("patients1")))
add("pca over a column that is there", lambda s: PCA(k=1, inputCol="features", outputCol="row").fit(features(s)))


def kmeans(s: Scene, table: str = "patients1", **params):
    """Of one partition: which rows are drawn depends on the order of partitions."""
    data = features(s, table)
    model = KMeans(**params).fit(data)
    summary = model.summary
    scored = model.transform(data)
    model.write().overwrite().save(f"{s.output}/kmeans")
    loaded = KMeansModel.load(f"{s.output}/kmeans")
    evaluate = {measure: ClusteringEvaluator(distanceMeasure=measure).evaluate(scored) for measure in ("squaredEuclidean", "cosine")}
    return {"centers": [c.tolist() for c in model.clusterCenters()], "features": model.numFeatures, "cost": summary.trainingCost,
            "iterations": summary.numIter, "sizes": summary.clusterSizes, "k": summary.k, "column": summary.predictionCol,
            "rows": sorted([r.row, r.prediction] for r in scored.select("row", "prediction").collect()),
            "cluster": sorted(r.prediction for r in summary.cluster.collect()),
            "counts": sorted(r["count"] for r in summary.predictions.groupBy("prediction").count().collect()),
            "schema": scored.select("prediction").schema.json(), "silhouette": evaluate,
            "weighted": ClusteringEvaluator(weightCol="weight").evaluate(scored),
            "predict": model.predict(data.filter("row = 7").head().features),
            "loaded": [c.tolist() for c in loaded.clusterCenters()] == [c.tolist() for c in model.clusterCenters()],
            "summary of loaded": loaded.hasSummary}


KMEANS = {
    "parallel": dict(k=3, seed=1),
    "random": dict(k=5, seed=1, initMode="random", maxIter=5, tol=0.0),
    "cosine": dict(k=3, seed=2, distanceMeasure="cosine"),
    "weights": dict(k=4, seed=3, weightCol="weight"),
    "block": dict(k=4, seed=4, solver="block", maxBlockSizeInMB=0.5),
    "row": dict(k=4, seed=-4, solver="row", initSteps=4),
}
for name, params in KMEANS.items():
    add(f"kmeans {name}", lambda s, params=params: kmeans(s, **params), rel=1e-9, least=1e-9)
add("kmeans more rows than a sample", lambda s: kmeans(s, k=2, seed=9, initSteps=1), rel=1e-9, least=1e-9)
add("kmeans no rows", lambda s: KMeans(solver="row").fit(features(s).limit(0)))
add("kmeans of a number", lambda s: KMeans(featuresCol="row").fit(s.table("patients1")))
add("kmeans k", lambda s: KMeans(k=1).fit(features(s)))
add("silhouette of one cluster", lambda s: ClusteringEvaluator(predictionCol="z").evaluate(features(s).withColumn("z", F.lit(1))))
add("silhouette of labels", lambda s: ClusteringEvaluator(predictionCol="label").evaluate(features(s)), rel=1e-9)
add("silhouette of a text", lambda s: ClusteringEvaluator(predictionCol="s").evaluate(s.table("mixed")))


def counts(s: Scene, table: str, kind: str):
    """Small counts, 0 and 1 for the Bernoulli model."""
    columns = [c for c in s.table(table).columns if c not in ("label", "row", "fold", "weight")][:8]
    step = 1 if kind == "bernoulli" else 4
    cut = s.table(table).select("row", "label", "weight", *[(F.floor(F.abs(c) * 7) % (step + 1)).cast("double").alias(c) for c in columns])
    return VectorAssembler(inputCols=columns, outputCol="features").transform(cut)


def bayes(s: Scene, table: str = "patients4", kind: str = "multinomial", **params):
    data = features(s, table) if kind == "gaussian" else counts(s, table, kind)
    model = NaiveBayes(modelType=kind, **params).fit(data)
    scored = model.transform(data)
    model.write().overwrite().save(f"{s.output}/bayes")
    loaded = NaiveBayesModel.load(f"{s.output}/bayes")
    columns = ["row", "rawPrediction", "probability", "prediction"]
    first = data.filter("row = 7").head().features
    return {"pi": model.pi, "theta": model.theta, "sigma": model.sigma, "classes": model.numClasses, "features": model.numFeatures,
            "rows": sorted([r.row, r.rawPrediction, r.probability, r.prediction] for r in scored.select(*columns).collect())[:40],
            "accuracy": MulticlassClassificationEvaluator(metricName="accuracy").evaluate(scored),
            "schema": scored.select(*columns).schema.json(), "loaded": loaded.theta.toArray().tolist() == model.theta.toArray().tolist(),
            "one": [model.predict(first), model.predictRaw(first), model.predictProbability(first)]}


BAYES = {
    "multinomial": {},
    "multinomial weighted": dict(weightCol="weight", smoothing=0.5, thresholds=[0.3, 0.6]),
    "complement": dict(kind="complement"),
    "bernoulli": dict(kind="bernoulli", smoothing=2.0),
    "gaussian": dict(kind="gaussian", weightCol="weight"),
    "sparse": dict(table="sparse4"),
}
for name, params in BAYES.items():
    add(f"bayes {name}", lambda s, params=params: bayes(s, **params), rel=1e-9, least=1e-9)
add("bayes negative", lambda s: NaiveBayes().fit(features(s, "sparse1")).pi)
add("bayes not a bit", lambda s: NaiveBayes(modelType="bernoulli").fit(features(s, "patients1")).pi)
add("bayes labels", lambda s: NaiveBayes(labelCol="weight").fit(features(s, "patients1")).pi)
add("bayes no rows", lambda s: NaiveBayes().fit(features(s).limit(0)).pi)
