"""Makes trees_reference.json: what stock PySpark's tree estimators make of breast_cancer.csv and of rows by formula.

Run with stock Spark 4.3: python make_trees_reference.py
"""

import functools
import json
import math
import os

from pyspark.ml import classification, regression
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

HERE = os.path.dirname(os.path.abspath(__file__))


def cancer():
    rows = []
    with open(os.path.join(HERE, "breast_cancer.csv"), encoding="utf-8") as file:
        next(file)
        for line in file:
            cells = [float(cell) for cell in line.split(",")]
            rows.append((cells[:-1], cells[-1]))
    return rows


def mixed(classes):
    """Of 400 rows: a continuous feature, categories of 3, of 7 and of 2 values, one that is mostly 0."""
    rows = []
    for i in range(400):
        sparse = float(i % 11) if i * 13 % 5 == 0 else 0.0
        features = [i * 7919 % 101 / 10.0, float(i * i % 3), float(i * 31 % 7), float(i % 2), sparse]
        mark = i * 17 + i % 7 * 3
        rows.append((features, float(mark % 13 % classes) if classes else i * 37 % 23 / 3.0 + i % 7))
    return rows


def big():
    """Of 24,000 rows, more than are sampled for splits."""
    rows = []
    for i in range(24000):
        features = [i * 7919 % 10007 / 7.0, i * 104729 % 997 - 400.0, float(i * 31 % 50)]
        rows.append((features, float(i * 7919 % 10007 % 3 == 0 or i * 31 % 50 > 40)))
    return rows


MIXED_METADATA = {
    "ml_attr": {
        "attrs": {
            "numeric": [{"idx": 0}, {"idx": 4}],
            "nominal": [{"idx": 1, "vals": ["a", "b", "c"]}, {"idx": 2, "num_vals": 7}],
            "binary": [{"idx": 3}],
        },
        "num_attrs": 5,
    }
}

DATA = {
    "cancer": cancer,
    "mixed2": lambda: mixed(2),
    "mixed3": lambda: mixed(3),
    "mixed_numbers": lambda: mixed(0),
    "big": big,
}

# Name, class, data, partitions, params.
CASES = [
    ("dtc", "DecisionTreeClassifier", "cancer", 1, {}),
    ("dtc_4", "DecisionTreeClassifier", "cancer", 4, {"maxDepth": 8}),
    ("dtc_entropy", "DecisionTreeClassifier", "cancer", 1,
     {"impurity": "entropy", "maxDepth": 9, "minInstancesPerNode": 5, "minInfoGain": 0.01}),
    ("dtc_weights", "DecisionTreeClassifier", "cancer", 1, {"weightCol": "weight", "minWeightFractionPerNode": 0.02, "maxDepth": 7}),
    ("dtc_bins", "DecisionTreeClassifier", "cancer", 1, {"maxBins": 8, "pruneTree": False}),
    ("dtc_depth0", "DecisionTreeClassifier", "cancer", 1, {"maxDepth": 0}),
    ("dtc_mixed2", "DecisionTreeClassifier", "mixed2", 1, {"maxDepth": 7}),
    ("dtc_mixed3", "DecisionTreeClassifier", "mixed3", 1, {"maxDepth": 6}),
    ("dtc_mixed3_bins", "DecisionTreeClassifier", "mixed3", 2, {"maxDepth": 6, "maxBins": 200}),
    ("dtc_big", "DecisionTreeClassifier", "big", 3, {"maxDepth": 4, "seed": 5}),
    ("dtr", "DecisionTreeRegressor", "cancer", 1, {}),
    ("dtr_mixed", "DecisionTreeRegressor", "mixed_numbers", 1, {"maxDepth": 6, "minInstancesPerNode": 3}),
    ("dtr_weights", "DecisionTreeRegressor", "mixed_numbers", 1, {"weightCol": "weight", "varianceCol": "variance"}),
    ("rfc", "RandomForestClassifier", "cancer", 1, {"numTrees": 7, "seed": 42}),
    ("rfc_4", "RandomForestClassifier", "cancer", 4, {"numTrees": 3, "seed": 1, "maxDepth": 4}),
    ("rfc_20", "RandomForestClassifier", "cancer", 2, {"maxDepth": 3, "seed": -7}),
    ("rfc_rate", "RandomForestClassifier", "cancer", 1,
     {"numTrees": 6, "seed": 3, "subsamplingRate": 0.6, "featureSubsetStrategy": "log2", "maxDepth": 4}),
    ("rfc_no_bootstrap", "RandomForestClassifier", "cancer", 3,
     {"numTrees": 5, "seed": 3, "subsamplingRate": 0.5, "bootstrap": False, "featureSubsetStrategy": "0.3", "maxDepth": 3}),
    ("rfc_memory", "RandomForestClassifier", "cancer", 1,
     {"numTrees": 5, "seed": 9, "maxMemoryInMB": 0, "featureSubsetStrategy": "7", "maxDepth": 3}),
    ("rfc_one", "RandomForestClassifier", "cancer", 1, {"numTrees": 1, "seed": 9, "maxDepth": 3}),
    ("rfc_mixed3", "RandomForestClassifier", "mixed3", 1, {"numTrees": 4, "seed": 11, "impurity": "entropy", "maxDepth": 4}),
    ("rfc_big", "RandomForestClassifier", "big", 2, {"numTrees": 3, "seed": 17, "maxDepth": 3}),
    ("rfr", "RandomForestRegressor", "mixed_numbers", 1, {"numTrees": 4, "seed": 21, "maxDepth": 4}),
    ("rfr_weights", "RandomForestRegressor", "cancer", 1,
     {"numTrees": 3, "seed": 21, "maxDepth": 3, "weightCol": "weight", "featureSubsetStrategy": "onethird"}),
    ("gbtc", "GBTClassifier", "cancer", 1, {"maxIter": 5, "maxDepth": 3}),
    ("gbtc_rate", "GBTClassifier", "cancer", 1,
     {"maxIter": 4, "maxDepth": 3, "subsamplingRate": 0.7, "featureSubsetStrategy": "sqrt", "seed": 8, "stepSize": 0.4}),
    ("gbtc_3", "GBTClassifier", "cancer", 3, {"maxIter": 4, "maxDepth": 2, "subsamplingRate": 0.5, "seed": 12}),
    ("gbtc_validation", "GBTClassifier", "cancer", 2,
     {"maxIter": 30, "maxDepth": 2, "validationIndicatorCol": "held", "validationTol": 0.03, "stepSize": 0.3, "weightCol": "weight"}),
    ("gbtr", "GBTRegressor", "mixed_numbers", 1, {"maxIter": 4, "maxDepth": 3}),
    ("gbtr_absolute", "GBTRegressor", "mixed_numbers", 1, {"maxIter": 5, "maxDepth": 3, "lossType": "absolute", "weightCol": "weight"}),
    ("gbtr_validation", "GBTRegressor", "mixed_numbers", 1, {"maxIter": 25, "maxDepth": 4, "validationIndicatorCol": "held", "stepSize": 0.5}),
]


def frame(spark, name, partitions):
    """Runs of rows, as the C++ tests cut them; weights 0.5 + row % 5; every fourth row is held out."""
    rows = DATA[name]()
    step = math.ceil(len(rows) / partitions)
    whole = [(Vectors.dense(features), label, 0.5 + i % 5, i % 4 == 0) for i, (features, label) in enumerate(rows)]
    runs = [spark.createDataFrame(whole[p * step:(p + 1) * step], ["features", "label", "weight", "held"]).coalesce(1)
            for p in range(partitions)]
    whole = functools.reduce(lambda a, b: a.union(b), runs).cache()
    assert whole.rdd.getNumPartitions() == partitions
    return whole


def case(spark, class_name, data, partitions, params):
    estimator = getattr(classification if class_name.endswith("Classifier") else regression, class_name)()
    frame_ = frame(spark, data, partitions)
    if data.startswith("mixed"):
        frame_ = frame_.withMetadata("features", MIXED_METADATA)
    params = {"seed": 1} | params
    estimator._set(**params)
    model = estimator.fit(frame_)
    made = {"class": class_name, "data": data, "partitions": partitions, "params": params}
    made["text"] = model.toDebugString.split("\n", 1)[1]
    importances = model.featureImportances
    made["importances"] = [importances.indices.tolist(), importances.values.tolist()]
    rows = model.setLeafCol("leaf").transform(frame_.coalesce(1)).limit(12).collect()
    made["prediction"] = [row.prediction for row in rows]
    made["leaf"] = [row.leaf if isinstance(row.leaf, float) else row.leaf.toArray().tolist() for row in rows]
    if "probability" in rows[0]:
        made["raw"] = [row.rawPrediction.toArray().tolist() for row in rows]
        made["probability"] = [row.probability.toArray().tolist() for row in rows]
    if "varianceCol" in params:
        made["variance"] = [row.variance for row in rows]
    if class_name == "GBTClassifier":
        made["each"] = model.evaluateEachIteration(frame_)
    if class_name == "GBTRegressor":
        made["each"] = {loss: model.evaluateEachIteration(frame_, loss) for loss in ("squared", "absolute")}
    if hasattr(model, "trees"):
        made["weights"] = list(model.treeWeights)
        made["nodes"] = model.totalNumNodes
    else:
        made["nodes"] = model.numNodes
        made["depth"] = model.depth
    return made


def generators(spark):
    """Of Commons Math."""
    jvm = spark.sparkContext._jvm
    made = {"poisson": []}
    for mean, seed in ((0.7, 123456789012), (1.0, -5), (0.05, 7), (1.0, 2**40 + 1)):
        poisson = jvm.org.apache.commons.math3.distribution.PoissonDistribution(mean)
        poisson.reseedRandomGenerator(seed)
        made["poisson"].append({"mean": mean, "seed": seed, "draws": [poisson.sample() for _ in range(100)]})
    well = jvm.org.apache.commons.math3.random.Well19937c()
    well.setSeed(jvm.java.lang.Long.valueOf(123456789012345))
    made["well"] = {"seed": 123456789012345, "ints": [well.nextInt() for _ in range(3)], "doubles": [well.nextDouble() for _ in range(3)]}
    for _ in range(1000):
        well.nextInt()
    made["well"]["later"] = well.nextInt()
    made["sets"] = []
    for keys in ([0, 1, 2, 3, 5, 8, 13, 21, 40, 63, 100, 977, 12345], list(range(20)), [9, 1, 5], list(range(0, 1000, 37))):
        order = jvm.PythonUtils.toSeq(keys).toSet().mkString(",").split(",")
        made["sets"].append({"keys": keys, "order": [int(key) for key in order]})
    return made


def main():
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    spark.conf.set("spark.sql.unionOutputPartitioning", "false")
    made = {"generators": generators(spark), "cases": {}}
    for name, *rest in CASES:
        print(name, flush=True)
        made["cases"][name] = case(spark, *rest)
        with open(os.path.join(HERE, "trees_reference.json"), "w", encoding="utf-8") as file:
            json.dump(made, file, separators=(",", ":"))
            file.write("\n")
    spark.stop()


if __name__ == "__main__":
    main()
