"""Train and evaluate, on stock Spark and under `soteria run`: what bench/schemes.py times.

    python scheme_side.py DATA WARM_UP

Reads one line from standard input before each repetition ("judge", or "warm" for the smaller data) and prints its
seconds and results as a line of JSON.
"""

import json
import sys
import time

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
for line in sys.stdin:
    word = line.strip()
    if word not in ("judge", "warm"):
        break
    began = time.perf_counter()
    table = spark.read.parquet(sys.argv[1 if word == "judge" else 2])
    model = LogisticRegression(maxIter=100, tol=1e-6).fit(table)
    scored = model.transform(table)
    values = {"auc": BinaryClassificationEvaluator(metricName="areaUnderROC").evaluate(scored)}
    values |= {name: MulticlassClassificationEvaluator(metricName=name).evaluate(scored) for name in ("accuracy", "f1")}
    print(json.dumps({"total": time.perf_counter() - began, "quality": values}), flush=True)
    del model, scored, table
spark.stop()
