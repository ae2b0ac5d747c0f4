"""Makes pca_reference.json: what stock Spark 4.3's PCA answers for breast_cancer.csv (beside this file).

Run: python make_pca_reference.py   (needs Java 17, pyspark 4.3)
"""
import csv
import json
import os

from pyspark.ml.feature import PCA
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

HERE = os.path.dirname(os.path.abspath(__file__))


def rows():
    with open(os.path.join(HERE, "breast_cancer.csv")) as f:
        lines = csv.reader(f)
        next(lines)
        for line in lines:
            yield [float(x) for x in line[:-1]]


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.driver.memory", "1g").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    out = {}
    for name, k, columns in [("three", 3, 30), ("all", 30, 30), ("few", 2, 4)]:
        df = spark.createDataFrame([(Vectors.dense(r[:columns]),) for r in rows()], ["features"]).coalesce(1)
        model = PCA(k=k, inputCol="features", outputCol="o").fit(df)
        projected = [list(r.o) for r in model.transform(df).select("o").head(5)]
        out[name] = {"k": k, "columns": columns, "pc": model.pc.values.tolist(),
                     "explainedVariance": model.explainedVariance.tolist(), "projected": projected}
    with open(os.path.join(HERE, "pca_reference.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")
    spark.stop()


if __name__ == "__main__":
    main()
