"""Predicts which loans won't be paid back: ordinary PySpark, nothing of Soteria in it.

    python credit_risk.py DATA MODEL

DATA is a Parquet table of loans: words (`purpose`, `housing`, `employment`, `savings`), numbers
(`amount`, `months`, `age`, `income`) and `outcome` (paid or default). MODEL is where the fitted
pipeline goes. Where it runs is the environment's business (SPARK_REMOTE).
"""

import sys

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import GBTClassifier, RandomForestClassifier
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator
from pyspark.ml.feature import StringIndexer, VectorAssembler
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

WORDS = ["purpose", "housing", "employment", "savings"]
NUMBERS = ["amount", "months", "age", "income"]

data, model_path = sys.argv[1:3]
spark = SparkSession.builder.appName("credit-risk").getOrCreate()

loans = spark.read.parquet(data).withColumn("rate", F.col("amount") / F.col("months") / F.col("income"))
print(f"{loans.count()} loans")
for purpose, number, lost in sorted(loans.groupBy("purpose").agg(F.count("*"), F.avg((F.col("outcome") == "default").cast("int"))).collect()):
    print(f"  {purpose:10} {number:5}, {lost:5.1%} not paid back")
train, test = loans.randomSplit([0.75, 0.25], seed=42)

indexes = [f"{word}_index" for word in WORDS]
columns = indexes + NUMBERS + ["rate"]
prepare = [
    StringIndexer(inputCols=WORDS, outputCols=indexes, handleInvalid="keep"),
    StringIndexer(inputCol="outcome", outputCol="label", stringOrderType="alphabetDesc"),  # paid is 0, default 1
    VectorAssembler(inputCols=columns, outputCol="features"),
]
auc = BinaryClassificationEvaluator(metricName="areaUnderROC")
accuracy = MulticlassClassificationEvaluator(metricName="accuracy")

forest = RandomForestClassifier(numTrees=20, seed=1)
grid = ParamGridBuilder().addGrid(forest.maxDepth, [3, 6]).addGrid(forest.minInstancesPerNode, [1, 10]).build()
search = CrossValidator(estimator=Pipeline(stages=[*prepare, forest]), estimatorParamMaps=grid, evaluator=auc, numFolds=3, seed=7)
found = search.fit(train)
for params, value in zip(grid, found.avgMetrics):
    print("  " + ", ".join(f"{param.name} {setting}" for param, setting in params.items()) + f": AUC {value:.4f}")
best = found.bestModel.stages[-1]
print(f"the best forest has {best.getNumTrees} trees of {best.totalNumNodes} nodes; it looks most at")
for weight, name in sorted(zip(best.featureImportances.toArray(), columns), reverse=True)[:4]:
    print(f"  {name:18} {weight:.4f}")

boosted = Pipeline(stages=[*prepare, GBTClassifier(maxIter=15, maxDepth=3, seed=1)]).fit(train)
for name, model in (("forest", found.bestModel), ("boosted trees", boosted)):
    scored = model.transform(test)
    print(f"{name}: test AUC {auc.evaluate(scored):.4f}, accuracy {accuracy.evaluate(scored):.4f}")
losses = boosted.stages[-1].evaluateEachIteration(Pipeline(stages=prepare).fit(train).transform(test))
print(f"loss of the boosted trees on the test loans: {losses[0]:.4f} after one, {losses[-1]:.4f} after all {len(losses)}")

found.bestModel.write().overwrite().save(model_path)
again = PipelineModel.load(model_path)
same = again.transform(test).filter(F.col("prediction") == F.col("label")).count()
print(f"model saved to {model_path}; loaded again, it is right about {same} of {test.count()} test loans")

spark.stop()
