"""Predicts whether a breast tumour is malignant: ordinary PySpark, nothing of Soteria in it.

    python breast_cancer.py DATA MODEL

DATA is a Parquet table: 30 measurements and `label` (1.0 = malignant). MODEL is where the fitted
pipeline goes. Where it runs is the environment's business (SPARK_REMOTE).
"""

import sys

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import (
    BinaryClassificationEvaluator,
    MulticlassClassificationEvaluator,
)
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

data, model_path = sys.argv[1:3]
spark = SparkSession.builder.appName("breast-cancer").getOrCreate()

table = spark.read.parquet(data)
features = [name for name in table.columns if name != "label"]
print(f"{table.count()} rows, {len(features)} measurements")
table.select(
    F.count("*").alias("rows"), F.avg("label").alias("malignant"), F.max("mean_radius").alias("largest_radius")
).show()

table = table.withColumn("log_area", F.log(F.col("mean_area") + 1.0)).filter(F.col("mean_radius") > 0)
train, test = table.randomSplit([0.7, 0.3], seed=42)

pipeline = Pipeline(
    stages=[
        VectorAssembler(inputCols=features + ["log_area"], outputCol="raw"),
        StandardScaler(inputCol="raw", outputCol="features", withMean=True),
        LogisticRegression(maxIter=50, regParam=0.01),
    ]
)
model = pipeline.fit(train)
regression = model.stages[-1]
print(
    f"trained in {regression.summary.totalIterations} iterations, "
    f"training accuracy {regression.summary.accuracy:.4f}, intercept {regression.intercept:.4f}"
)

scored = model.transform(test)
scored.select("label", "prediction", "probability").show(5)
auc = BinaryClassificationEvaluator(metricName="areaUnderROC").evaluate(scored)
accuracy = MulticlassClassificationEvaluator(metricName="accuracy").evaluate(scored)
print(f"test AUC {auc:.4f}, test accuracy {accuracy:.4f}")

model.write().overwrite().save(model_path)
again = PipelineModel.load(model_path)
same = again.transform(test).filter(F.col("prediction") == F.col("label")).count()
print(f"model saved to {model_path}; loaded again, it classifies {same} of {test.count()} test rows correctly")

spark.stop()
