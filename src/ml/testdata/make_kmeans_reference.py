"""Makes kmeans_reference.json: what stock Spark 4.3's KMeans and ClusteringEvaluator answer.

Run: python make_kmeans_reference.py   (needs Java 17, pyspark 4.3)
The data are breast_cancer.csv beside this file, its first six columns, in as many partitions as a case says, whose sizes
are kept; weights are 0.5 + (row % 5).
"""
import csv
import json
import os
import sys

from pyspark.ml.clustering import KMeans
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = 6

CASES = {
    "default": ({"k": 3, "seed": 1}, 1),
    "parallel5": ({"k": 5, "seed": 7}, 5),
    "parallel_block": ({"k": 5, "seed": 7, "solver": "block"}, 5),
    "parallel_steps": ({"k": 4, "seed": -12345678901, "initSteps": 5, "tol": 0.0, "maxIter": 3}, 8),
    "parallel_cosine": ({"k": 3, "seed": 3, "distanceMeasure": "cosine"}, 5),
    "random": ({"k": 10, "seed": 1, "initMode": "random", "maxIter": 5, "tol": 0.0}, 1),
    "random5": ({"k": 10, "seed": 2, "initMode": "random", "maxIter": 5, "tol": 0.0}, 5),
    "random_cosine": ({"k": 4, "seed": 2, "initMode": "random", "distanceMeasure": "cosine"}, 5),
    "random_cosine_block": ({"k": 4, "seed": 2, "initMode": "random", "distanceMeasure": "cosine", "solver": "block"}, 5),
    "random_many": ({"k": 300, "seed": 4, "initMode": "random", "maxIter": 2}, 5),
    "start_only": ({"k": 3, "seed": 5, "maxIter": 0}, 5),
    "start_random": ({"k": 6, "seed": 5, "initMode": "random", "maxIter": 0}, 5),
    "start_many": ({"k": 40, "seed": 6, "maxIter": 0}, 5),
    "weighted": ({"k": 4, "seed": 1, "weightCol": "weight"}, 5),
    "weighted_cosine": ({"k": 4, "seed": 1, "weightCol": "weight", "distanceMeasure": "cosine"}, 5),
}


def rows():
    with open(os.path.join(HERE, "breast_cancer.csv")) as f:
        lines = csv.reader(f)
        next(lines)
        for i, line in enumerate(lines):
            yield Vectors.dense([float(x) for x in line[:COLUMNS]]), 0.5 + i % 5


def main():
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "1").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    out = {"columns": COLUMNS, "fits": {}, "silhouettes": {}}
    for name, (params, partitions) in CASES.items():
        df = spark.createDataFrame(spark.sparkContext.parallelize(list(rows()), partitions), ["features", "weight"]).cache()
        model = KMeans(**params).fit(df)
        summary = model.summary
        out["fits"][name] = {
            "params": params, "partitions": df.rdd.glom().map(len).collect(),
            "centers": [c.tolist() for c in model.clusterCenters()], "trainingCost": summary.trainingCost,
            "numIter": summary.numIter, "clusterSizes": summary.clusterSizes,
            "predictions": [r.prediction for r in model.transform(df).select("prediction").head(20)]}
        if name in ("default", "parallel5"):
            predicted = model.transform(df)
            for measure in ("squaredEuclidean", "cosine"):
                for weight in ({}, {"weightCol": "weight"}):
                    evaluator = ClusteringEvaluator(distanceMeasure=measure, **weight)
                    out["silhouettes"][f"{name} {measure} {len(weight)}"] = evaluator.evaluate(predicted)
    with open(os.path.join(HERE, "kmeans_reference.json"), "w") as f:
        json.dump(out, f)
        f.write("\n")
    spark.stop()


if __name__ == "__main__":
    main()
