"""Fits again and again on a few rows: time that is all stages. Prints the seconds of the fits with one iteration and of those
with as many as they like.

    python stage_side.py DATA FITS
"""

import sys
import time

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
rows = VectorAssembler(inputCols=["x0", "x1", "x2", "x3"], outputCol="features").transform(table)
seconds = {1: 0.0, 100: 0.0}
LogisticRegression(maxIter=1).fit(rows)
for _ in range(int(sys.argv[2])):
    for iterations in seconds:
        began = time.perf_counter()
        LogisticRegression(maxIter=iterations, tol=0.0, regParam=1e-3).fit(rows)
        seconds[iterations] += time.perf_counter() - began
print(*seconds.values())
spark.stop()
