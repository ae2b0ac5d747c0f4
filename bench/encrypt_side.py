"""Copies Parquet folders with modular encryption (AES-GCM), file for file, by stock Spark: what the side with encryption reads.

    python encrypt_side.py FROM TO [FROM TO]...
"""

import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
for plain, encrypted in zip(sys.argv[1::2], sys.argv[2::2]):
    options = {"parquet.encryption.uniform.key": "bench", "parquet.enable.dictionary": "false"}
    spark.read.parquet(plain).write.options(**options).parquet(encrypted)
spark.stop()
