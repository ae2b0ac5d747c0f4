"""Makes evaluator_reference.json: 50 rows, and what stock Spark 4.3's evaluators answer for them.

Run: python make_evaluator_reference.py   (needs Java 17, pyspark 4.3)
The rows are (score, label, prediction, weight); binary labels are label > 0; the probabilities of
the log loss are [score / 2, 1 - score, score / 2], in the column "other" [1 - score, score / 2, score / 2].
"""
import json
import os
import random

import pyspark.sql.functions as F
from pyspark.ml.evaluation import (BinaryClassificationEvaluator, MulticlassClassificationEvaluator,
                                   RegressionEvaluator)
from pyspark.ml.functions import array_to_vector
from pyspark.sql import SparkSession

HERE = os.path.dirname(os.path.abspath(__file__))
MULTICLASS = ["f1", "accuracy", "weightedPrecision", "weightedRecall", "weightedTruePositiveRate",
              "weightedFalsePositiveRate", "weightedFMeasure", "truePositiveRateByLabel",
              "falsePositiveRateByLabel", "precisionByLabel", "recallByLabel", "fMeasureByLabel",
              "logLoss", "hammingLoss"]


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.driver.memory", "2g").config("spark.sql.shuffle.partitions", "1")
             .getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    random.seed(5)
    rows = [(random.random(), float(random.randint(0, 2)), float(random.randint(0, 2)),
             random.random() + 0.1) for _ in range(50)]
    df = spark.createDataFrame(rows, ["score", "label", "prediction", "w"]).coalesce(1)
    df = df.withColumn("binary", (F.col("label") > 0).cast("double")).withColumn(
        "probability",
        array_to_vector(F.array(F.col("score") * 0.5, 1 - F.col("score"), F.col("score") * 0.5)))
    df = df.withColumn("other", array_to_vector(
        F.array(1 - F.col("score"), F.col("score") * 0.5, F.col("score") * 0.5)))
    df = df.cache()
    out = {"rows": rows, "binary": [], "multiclass": [], "regression": []}
    for weight in [{}, {"weightCol": "w"}]:
        for metric in ["areaUnderROC", "areaUnderPR"]:
            for column in ["score", "prediction"]:
                for bins in [0, 10, 1000]:
                    params = {"metricName": metric, "numBins": bins, "rawPredictionCol": column,
                              "labelCol": "binary", **weight}
                    value = BinaryClassificationEvaluator(**params).evaluate(df)
                    out["binary"].append({"params": params, "value": value})
        for metric in MULTICLASS:
            for extra in [{}, {"beta": 2.0, "metricLabel": 1.0, "eps": 0.3},
                          {"beta": 0.25, "metricLabel": 2.0, "probabilityCol": "other"}]:
                params = {"metricName": metric, **extra, **weight}
                value = MulticlassClassificationEvaluator(**params).evaluate(df)
                out["multiclass"].append({"params": params, "value": value})
        for metric in ["rmse", "mse", "r2", "mae", "var"]:
            for origin in [False, True]:
                params = {"metricName": metric, "throughOrigin": origin, "predictionCol": "score",
                          **weight}
                value = RegressionEvaluator(**params).evaluate(df)
                out["regression"].append({"params": params, "value": value})
    with open(os.path.join(HERE, "evaluator_reference.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")
    spark.stop()


if __name__ == "__main__":
    main()
