"""Makes spark_reference.json: what stock Spark 4.3 (classic, local[1], one partition) answers.

Run: python make_reference.py   (needs Java 17, pyspark 4.3)
The data are scikit-learn's breast cancer table, breast_cancer.csv beside this file; weights, where a
case has them, are 0.5 + (row % 5).
"""
import csv
import json
import os

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import StandardScaler
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

HERE = os.path.dirname(os.path.abspath(__file__))

CASES = {
    "default": {},
    "reg0.01": {"regParam": 0.01},
    "reg0.1_raw_penalty": {"regParam": 0.1, "standardization": False},
    "no_intercept": {"fitIntercept": False, "regParam": 0.05},
    "five_iterations": {"maxIter": 5},
    "zero_iterations": {"maxIter": 0},
    "tol1e-2": {"tol": 1e-2},
    "tol0": {"tol": 0.0, "regParam": 1.0, "maxIter": 60},
    "weighted": {"weightCol": "weight", "regParam": 0.02},
    "threshold0.9": {"regParam": 0.01, "threshold": 0.9},
    "probability_rule": {"regParam": 0.01, "rawPredictionCol": "", "thresholds": [0.2, 0.8]},
}
SCALARS = ["accuracy", "areaUnderROC", "weightedPrecision", "weightedRecall",
           "weightedTruePositiveRate", "weightedFalsePositiveRate", "totalIterations"]
LISTS = ["objectiveHistory", "labels", "precisionByLabel", "recallByLabel",
         "truePositiveRateByLabel", "falsePositiveRateByLabel"]


def rows():
    with open(os.path.join(HERE, "breast_cancer.csv")) as f:
        lines = csv.reader(f)
        next(lines)
        for i, line in enumerate(lines):
            values = [float(x) for x in line]
            yield Vectors.dense(values[:-1]), values[-1], 0.5 + i % 5


def fit(df, params):
    model = LogisticRegression(**params).fit(df)
    summary = model.summary
    out = {"params": params, "coefficients": model.coefficients.toArray().tolist(),
           "intercept": model.intercept}
    for name in SCALARS:
        out[name] = getattr(summary, name)
    for name in LISTS:
        out[name] = list(getattr(summary, name))
    out["fMeasureByLabel"] = list(summary.fMeasureByLabel())
    out["fMeasureByLabel2"] = list(summary.fMeasureByLabel(2.0))
    out["weightedFMeasure"] = summary.weightedFMeasure()
    out["weightedFMeasure0.5"] = summary.weightedFMeasure(0.5)
    predicted = model.transform(df).select("probability", "prediction").head(20)
    out["probability"] = [float(r.probability[1]) for r in predicted]
    out["prediction"] = [r.prediction for r in predicted]
    return out


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.driver.memory", "2g").config("spark.sql.shuffle.partitions", "1")
             .getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    df = spark.createDataFrame(rows(), ["features", "label", "weight"]).coalesce(1).cache()
    df.count()
    out = {"logistic": {name: fit(df, params) for name, params in CASES.items()}}
    scaler = StandardScaler(inputCol="features", outputCol="scaled").fit(df)
    out["scaler"] = {"mean": scaler.mean.toArray().tolist(), "std": scaler.std.toArray().tolist()}
    with open(os.path.join(HERE, "spark_reference.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")
    spark.stop()


if __name__ == "__main__":
    main()
