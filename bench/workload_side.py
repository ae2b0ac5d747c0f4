"""One side of a comparison: the same script on stock Spark and under `soteria run`.

    python workload_side.py WORKLOAD PARAMS TRAIN TEST

PARAMS is JSON. Reads a word from standard input before each repetition; `judge` fits and says what the model is worth on TEST, any
other word only fits. Prints the seconds of load + fit and those of all as a line of JSON.
"""

import json
import sys
import time

from pyspark.ml.classification import GBTClassifier, LogisticRegression, NaiveBayes
from pyspark.ml.clustering import LDA, KMeans
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator, RegressionEvaluator
from pyspark.ml.feature import PCA
from pyspark.ml.recommendation import ALS
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession

ESTIMATORS = {"als": ALS, "bayes": NaiveBayes, "gbt": GBTClassifier, "kmeans": KMeans, "lda": LDA, "linear": LinearRegression,
              "lr": LogisticRegression, "pca": PCA}
COLUMNS = {"als": {"userCol": "user", "itemCol": "item", "ratingCol": "rating"}, "pca": {"inputCol": "features", "outputCol": "projected"}}


def judge(workload, model, test):
    if workload == "als":
        scored = model.transform(test)
        return {"rmse": RegressionEvaluator(labelCol="rating").evaluate(scored)}
    if workload == "linear":
        scored = model.transform(test)
        return {"rmse": RegressionEvaluator().evaluate(scored), "nonzero": int(sum(c != 0 for c in model.coefficients))}
    if workload in ("lr", "gbt", "bayes"):
        scored = model.transform(test)
        found = {name: MulticlassClassificationEvaluator(metricName=name).evaluate(scored) for name in ("accuracy", "logLoss")}
        if workload != "bayes":
            found["auc"] = BinaryClassificationEvaluator().evaluate(scored)
        return found
    if workload == "pca":
        return {"explained": float(sum(model.explainedVariance))}
    if workload == "kmeans":
        return {"wssse": model.summary.trainingCost}
    return {"perplexity": model.logPerplexity(test)}


def main():
    workload, params, train, test = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], sys.argv[4]
    spark = SparkSession.builder.getOrCreate()
    for line in sys.stdin:
        began = time.perf_counter()
        model = ESTIMATORS[workload](**COLUMNS.get(workload, {}), **params).fit(spark.read.parquet(train))
        found = {"seconds": time.perf_counter() - began}
        if line.strip() == "judge":
            found["quality"] = judge(workload, model, spark.read.parquet(test))
        found["total"] = time.perf_counter() - began
        print(json.dumps(found), flush=True)
        del model
    spark.stop()


main()
