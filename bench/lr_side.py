"""One side of the comparison: the same script on stock Spark and under `soteria run`.

    python lr_side.py DATA

Reads one line from standard input before each repetition, prints the seconds of load + fit and the
model's training loss after it.
"""

import sys
import time

from pyspark.ml.classification import LogisticRegression
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
for line in sys.stdin:
    if line.strip() != "go":
        break
    began = time.perf_counter()
    model = LogisticRegression(maxIter=100, tol=1e-6).fit(spark.read.parquet(sys.argv[1]))
    seconds = time.perf_counter() - began
    print(f"{seconds:.6f} {model.summary.objectiveHistory[-1]!r} {model.summary.totalIterations} {model.intercept!r}", flush=True)
    del model
spark.stop()
