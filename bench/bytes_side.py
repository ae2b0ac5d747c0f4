"""Rows through a shuffle and a fit on them: what moves of them is looked at elsewhere.

    python bytes_side.py DATA
"""

import sys

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1]).repartition(16)
rows = VectorAssembler(inputCols=["x0", "x1", "x2", "x3"], outputCol="features").transform(table)
model = LogisticRegression(maxIter=10).fit(rows)
print(len(model.transform(rows).select("prediction").collect()))
spark.stop()
