"""Makes bayes_reference.json: what stock Spark 4.3's NaiveBayes answers.

Run: python make_bayes_reference.py   (needs Java 17, pyspark 4.3)
120 rows of 6 small counts: row i has the label i * 5 // 7 % 3 and in column j ((i * 7 + j * 5) % 11 * (i + j) % 4); for the Bernoulli
model whether that is more than 1, for the Gaussian one its square root plus j. Weights are 0.5 + (i % 5).
"""
import json
import math
import os

from pyspark.ml.classification import NaiveBayes
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, COLUMNS = 120, 6

CASES = {
    "multinomial": {},
    "multinomial_smoothing": {"smoothing": 0.25, "weightCol": "weight"},
    "multinomial_thresholds": {"thresholds": [0.2, 0.9, 0.4]},
    "complement": {"modelType": "complement"},
    "complement_weighted": {"modelType": "complement", "smoothing": 2.0, "weightCol": "weight"},
    "bernoulli": {"modelType": "bernoulli"},
    "bernoulli_weighted": {"modelType": "bernoulli", "smoothing": 0.5, "weightCol": "weight"},
    "gaussian": {"modelType": "gaussian"},
    "gaussian_weighted": {"modelType": "gaussian", "weightCol": "weight"},
}


def value(kind, i, j):
    count = (i * 7 + j * 5) % 11 * (i + j) % 4
    if kind == "bernoulli":
        return float(count > 1)
    return math.sqrt(count) + j if kind == "gaussian" else float(count)


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "1").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    out = {}
    for name, params in CASES.items():
        kind = params.get("modelType", "multinomial")
        df = spark.createDataFrame([(Vectors.dense([value(kind, i, j) for j in range(COLUMNS)]), float(i * 5 // 7 % 3), 0.5 + i % 5)
                                    for i in range(ROWS)], ["features", "label", "weight"]).coalesce(1).cache()
        model = NaiveBayes(**params).fit(df)
        predicted = model.transform(df).select("rawPrediction", "probability", "prediction").head(20)
        out[name] = {"params": params, "pi": model.pi.toArray().tolist(), "theta": model.theta.toArray().tolist(),
                     "sigma": model.sigma.toArray().tolist(), "raw": [r.rawPrediction.tolist() for r in predicted],
                     "probability": [r.probability.tolist() for r in predicted],
                     "prediction": [r.prediction for r in predicted]}
    with open(os.path.join(HERE, "bayes_reference.json"), "w") as f:
        json.dump(out, f)
        f.write("\n")
    spark.stop()


if __name__ == "__main__":
    main()
