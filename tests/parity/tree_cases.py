"""Cases about decision trees, forests and boosted trees: the same trees for the same rows and seed."""

from __future__ import annotations

import re

from pyspark.ml import Pipeline
from pyspark.ml.classification import (DecisionTreeClassificationModel, DecisionTreeClassifier, GBTClassificationModel, GBTClassifier,
                                       RandomForestClassificationModel, RandomForestClassifier)
from pyspark.ml.feature import OneHotEncoder, StringIndexer, VectorAssembler, VectorIndexer
from pyspark.ml.linalg import Vectors
from pyspark.ml.regression import DecisionTreeRegressor, GBTRegressionModel, GBTRegressor, RandomForestRegressor
from pyspark.sql import functions as F

from recorder import Scene, add, case

COLUMNS = ["mean_radius", "mean_texture", "mean_smoothness", "mean_symmetry", "worst_texture", "worst_concavity"]
TIGHT = {"rel": 1e-6, "least": 1e-9}


def data(s: Scene):
    """One file, so that both worlds have the rows in one partition, in one order."""
    def make():
        table = s.table("patients1").withColumn("held", F.col("fold") == 1)
        return VectorAssembler(inputCols=COLUMNS, outputCol="features").transform(table).withColumnRenamed("worst_area", "area")
    return s.once("tree data", make)


def text(model) -> str:
    """Without the uid, and without the last digits of sums."""
    return re.sub(r"\d+\.\d{9,}(E-?\d+)?", lambda number: f"{float(number[0]):.9g}", model.toDebugString.split("\n", 1)[1])


def of_model(s: Scene, model) -> list:
    scored = model.transform(data(s)).filter("row < 5").collect()
    found = [text(model), model.featureImportances, model.numFeatures, [row.prediction for row in scored]]
    if "probability" in scored[0]:
        found += [model.numClasses, [[row.rawPrediction, row.probability] for row in scored]]
    if hasattr(model, "trees"):
        trees = model.trees
        found += [model.getNumTrees, model.treeWeights, model.totalNumNodes, len(trees), trees[1].numNodes, trees[1].depth]
    else:
        found += [model.numNodes, model.depth]
    return found


for name, estimator in {
    "tree": lambda: DecisionTreeClassifier(seed=1),
    "tree entropy": lambda: DecisionTreeClassifier(seed=1, impurity="entropy", maxDepth=8, minInstancesPerNode=4, weightCol="weight"),
    "tree regression": lambda: DecisionTreeRegressor(seed=1, labelCol="area", maxDepth=4),
    "forest": lambda: RandomForestClassifier(seed=3, numTrees=6, maxDepth=4),
    "forest without bootstrap": lambda: RandomForestClassifier(seed=3, numTrees=3, bootstrap=False, subsamplingRate=0.5, featureSubsetStrategy="2"),
    "forest regression": lambda: RandomForestRegressor(seed=3, numTrees=4, labelCol="area", maxDepth=3),
    "boosted": lambda: GBTClassifier(seed=2, maxIter=4, maxDepth=3),
    "boosted subsamples": lambda: GBTClassifier(seed=2, maxIter=3, maxDepth=3, subsamplingRate=0.6, stepSize=0.3),
    "boosted held out": lambda: GBTClassifier(seed=2, maxIter=12, maxDepth=2, validationIndicatorCol="held", stepSize=0.5),
    "boosted regression": lambda: GBTRegressor(seed=2, maxIter=3, maxDepth=3, labelCol="area"),
    "boosted absolute": lambda: GBTRegressor(seed=2, maxIter=3, maxDepth=3, labelCol="area", lossType="absolute"),
}.items():
    add(f"trees {name}", lambda s, estimator=estimator: of_model(s, estimator().fit(data(s))), **TIGHT)


@case(**TIGHT)
def trees_categories(s: Scene):
    """Features that metadata mark as nominal."""
    attributes = {"ml_attr": {"attrs": {"nominal": [{"idx": 0, "vals": ["a", "b", "c", "d", "e"]}], "numeric": [{"idx": 1}]}, "num_attrs": 2}}
    table = s.table("patients1").withColumn("kind", F.expr("cast(row % 5 as double)"))
    table = VectorAssembler(inputCols=["kind", "mean_radius"], outputCol="plain").transform(table)
    table = table.withColumn("classes", F.expr("cast(row % 5 % 3 as double)"))
    table = table.withColumn("features", F.col("plain")).withMetadata("features", attributes)
    return [text(DecisionTreeClassifier(seed=1, labelCol=label, maxDepth=3).fit(table)) for label in ("label", "classes")]


@case(**TIGHT)
def trees_of_a_pipeline(s: Scene):
    """What is a category reaches the trees by metadata alone: text, indexed and assembled."""
    table = s.table("patients1").withColumn("kind", F.concat(F.lit("k"), F.col("row") % 5)).withColumn("large", F.col("mean_radius") > 14)
    table = table.withColumn("class", F.when(F.col("large") == (F.col("row") % 5 < 2), "yes").otherwise("no")).drop("label")
    found = []
    for last in (RandomForestClassifier(seed=3, numTrees=3, maxDepth=4), GBTClassifier(seed=3, maxIter=2, maxDepth=3), DecisionTreeRegressor(maxDepth=3)):
        stages = [StringIndexer(inputCol="kind", outputCol="index", handleInvalid="keep"), OneHotEncoder(inputCol="index", outputCol="hot"),
                  VectorAssembler(inputCols=["mean_radius", "index"], outputCol="both"),
                  VectorAssembler(inputCols=["large", "both", "hot", "mean_texture"], outputCol="features"),
                  StringIndexer(inputCol="class", outputCol="label"), last]
        model = Pipeline(stages=stages).fit(table)
        scored = model.transform(table)
        found.append([text(model.stages[-1]), scored.schema["features"].metadata, scored.filter("row < 9").select("features", "prediction").collect()])
    return found


@case(**TIGHT)
def trees_of_indexed_vectors(s: Scene):
    table = s.table("patients1").withColumn("kind", F.col("row") % 4 * 2 + 1)
    table = VectorAssembler(inputCols=["kind", "mean_radius"], outputCol="plain").transform(table)
    table = VectorIndexer(inputCol="plain", outputCol="features", maxCategories=4).fit(table).transform(table)
    return [text(DecisionTreeClassifier(seed=1, maxDepth=4).fit(table)), text(DecisionTreeRegressor(maxDepth=3, labelCol="mean_area").fit(table))]


add("trees of more categories than bins", lambda s: DecisionTreeClassifier(maxBins=3, labelCol="held").fit(
    VectorAssembler(inputCols=["index"], outputCol="features").transform(
        StringIndexer(inputCol="row", outputCol="index").fit(s.table("patients1")).transform(s.table("patients1"))).withColumn("held", F.lit(1))).numNodes)


@case(**TIGHT)
def trees_of_single_vectors(s: Scene):
    vector = Vectors.dense([14.0, 20.0, 0.1, 0.18, 25.0, 0.3])
    forest = RandomForestClassifier(seed=3, numTrees=3).fit(data(s))
    tree = DecisionTreeClassifier(seed=3).fit(data(s))
    return [forest.predict(vector), forest.predictRaw(vector), forest.predictProbability(vector), forest.predictLeaf(vector),
            tree.predict(vector), tree.predictLeaf(vector)]


@case()
def trees_output_columns(s: Scene):
    found = []
    for estimator in (DecisionTreeClassifier(seed=1, maxDepth=2), DecisionTreeRegressor(seed=1, maxDepth=2, varianceCol="spread"),
                      RandomForestClassifier(seed=1, maxDepth=2, numTrees=2), GBTRegressor(seed=1, maxDepth=2, maxIter=2)):
        scored = estimator.setLeafCol("leaf").fit(data(s)).transform(data(s))
        found.append([[field.name, field.nullable, field.metadata] for field in scored.schema.fields[-5:]])
    return found


@case(**TIGHT)
def trees_saved_and_loaded(s: Scene):
    found = []
    for number, (estimator, loader) in enumerate([(DecisionTreeClassifier(seed=1), DecisionTreeClassificationModel),
                                                  (RandomForestClassifier(seed=1, numTrees=3), RandomForestClassificationModel),
                                                  (GBTClassifier(seed=1, maxIter=2), GBTClassificationModel),
                                                  (GBTRegressor(seed=1, maxIter=2, labelCol="area"), GBTRegressionModel)]):
        model = estimator.fit(data(s))
        model.write().overwrite().save(f"{s.output}/trees{number}")
        loaded = loader.load(f"{s.output}/trees{number}")
        found.append([of_model(s, loaded), text(loaded) == text(model), loaded.getMaxDepth()])
    return found


@case(**TIGHT)
def trees_each_iteration(s: Scene):
    held = data(s).filter("fold = 1")
    classifier = GBTClassifier(seed=2, maxIter=4, maxDepth=2, weightCol="weight").fit(data(s))
    regressor = GBTRegressor(seed=2, maxIter=3, maxDepth=2, labelCol="area").fit(data(s))
    return [classifier.evaluateEachIteration(held), [regressor.evaluateEachIteration(held, loss) for loss in ("squared", "absolute")]]


@case(**TIGHT)
def trees_summary(s: Scene):
    """Of one partition's forest, and of its answers for rows that it hasn't seen."""
    model = RandomForestClassifier(seed=3, numTrees=4, maxDepth=3, weightCol="weight").fit(data(s))
    found = [model.hasSummary, model.summary.totalIterations, model.summary.objectiveHistory]
    for summary in (model.summary, model.evaluate(data(s).filter("fold = 1"))):
        found += [summary.accuracy, summary.areaUnderROC, summary.labels, summary.precisionByLabel, summary.recallByLabel,
                  summary.fMeasureByLabel(2.0), summary.weightedFMeasure(), summary.weightedFalsePositiveRate, summary.scoreCol,
                  summary.roc.count(), summary.predictions.count()]
    return found


@case(**TIGHT)
def trees_of_three_classes(s: Scene):
    table = data(s).withColumn("class", F.expr("cast(row % 3 as double)")).withColumn("label", F.col("class"))
    forest = RandomForestClassifier(seed=3, numTrees=3, maxDepth=3).fit(table)
    return [text(forest), forest.numClasses, forest.summary.accuracy, forest.summary.weightedRecall,
            text(DecisionTreeClassifier(seed=3, maxDepth=3, impurity="entropy").fit(table))]


@case(**TIGHT)
def trees_thresholds(s: Scene):
    vector = Vectors.dense([14.0, 20.0, 0.1, 0.18, 25.0, 0.3])
    found = []
    for estimator in (DecisionTreeClassifier(seed=1, maxDepth=3), RandomForestClassifier(seed=1, numTrees=3, maxDepth=3), GBTClassifier(seed=1, maxIter=2)):
        model = estimator.setThresholds([0.95, 0.05]).fit(data(s))
        for columns in ({}, {"rawPredictionCol": ""}, {"rawPredictionCol": "", "probabilityCol": ""}):
            scored = model.copy()._set(**columns).transform(data(s))
            found.append([scored.columns[-3:], sorted(scored.groupBy("prediction").count().collect())])
        found.append(model.predict(vector))
    return found


@case(**TIGHT)
def trees_params_without_effect(s: Scene):
    """What MLlib does with its memory and its checkpoints makes no difference here or there but to the features that nodes draw."""
    found = []
    for params in ({}, {"cacheNodeIds": True, "checkpointInterval": 2}, {"maxMemoryInMB": 0}):
        forest = RandomForestClassifier(seed=3, numTrees=4, maxDepth=4, featureSubsetStrategy="2", **params).fit(data(s))
        found.append([text(forest), forest.getMaxMemoryInMB(), forest.getCacheNodeIds(), forest.getCheckpointInterval()])
    return found


add("trees each iteration of an unknown loss", lambda s: GBTRegressor(maxIter=1, labelCol="area").fit(data(s)).evaluateEachIteration(data(s), "huber"))
add("trees each iteration of no rows", lambda s: GBTClassifier(maxIter=1).fit(data(s)).evaluateEachIteration(data(s).filter("row < 0")))
add("trees each iteration without labels", lambda s: GBTClassifier(maxIter=1).fit(data(s)).evaluateEachIteration(data(s).drop("label")))
add("trees each iteration of other labels", lambda s: GBTClassifier(maxIter=1).fit(data(s)).evaluateEachIteration(data(s).withColumn("label", F.lit(2.0))))
add("trees thresholds of three", lambda s: RandomForestClassifier().setThresholds([0.1, 0.2, 0.3]).fit(data(s)).numClasses)
add("trees nan labels", lambda s: DecisionTreeRegressor().fit(data(s).withColumn("label", F.lit(float("nan")))).numNodes)
add("trees negative weights", lambda s: DecisionTreeRegressor(weightCol="w").fit(data(s).withColumn("w", F.lit(-1.0))).numNodes)
add("trees indicator of numbers", lambda s: GBTRegressor(validationIndicatorCol="fold").fit(data(s)).getNumTrees)
add("trees indicator of none", lambda s: GBTRegressor(validationIndicatorCol="none", maxIter=2).fit(data(s).withColumn("none", F.lit(False))).getNumTrees)
add("trees no iterations", lambda s: GBTRegressor(maxIter=0).fit(data(s)).getNumTrees)
add("trees of labels that are no classes", lambda s: DecisionTreeClassifier(labelCol="weight").fit(data(s)).numNodes)
add("trees boosted on three classes", lambda s: GBTClassifier(labelCol="row").fit(data(s)).numTrees)
add("trees too deep", lambda s: DecisionTreeClassifier(maxDepth=31).fit(data(s)).numNodes)
add("trees of no rows", lambda s: DecisionTreeRegressor().fit(data(s).filter("row < 0")).numNodes)
add("trees of an unknown strategy", lambda s: RandomForestClassifier(featureSubsetStrategy="some").fit(data(s)).numNodes)
