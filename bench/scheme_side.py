"""Train and evaluate, on stock Spark and under `soteria run`: what bench/schemes.py times.

    python scheme_side.py DATA WARM_UP

Reads one line from standard input before each repetition ("go", or "warm" for the smaller data) and prints its
seconds and results.
"""

import sys
import time

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
for line in sys.stdin:
    word = line.strip()
    if word not in ("go", "warm"):
        break
    began = time.perf_counter()
    table = spark.read.parquet(sys.argv[1 if word == "go" else 2])
    model = LogisticRegression(maxIter=100, tol=1e-6).fit(table)
    scored = model.transform(table)
    values = [BinaryClassificationEvaluator(metricName="areaUnderROC").evaluate(scored)]
    values += [MulticlassClassificationEvaluator(metricName=name).evaluate(scored) for name in ("accuracy", "f1")]
    print(f"{time.perf_counter() - began:.6f}", *map(repr, values), flush=True)
    del model, scored, table
spark.stop()
