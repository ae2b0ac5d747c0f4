"""Fits again and again on a few rows: time that is all stages. Prints the seconds of the fits.

    python stage_side.py DATA ITERATIONS
"""

import sys
import time

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
rows = VectorAssembler(inputCols=["x0", "x1", "x2", "x3"], outputCol="features").transform(table)
LogisticRegression(maxIter=1).fit(rows)
began = time.perf_counter()
for _ in range(10):
    LogisticRegression(maxIter=int(sys.argv[2]), tol=0.0, regParam=1e-3).fit(rows)
print(time.perf_counter() - began)
spark.stop()
