"""Cases about linear regression by each solver, and about logistic regression beyond two classes and L2 penalties."""

from __future__ import annotations

from pyspark.ml.classification import LogisticRegression, LogisticRegressionModel
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.linalg import Matrices, Vectors
from pyspark.ml.regression import LinearRegression, LinearRegressionModel
from pyspark.sql import functions as F

from recorder import Scene, add, case

COLUMNS = ["mean_radius", "mean_texture", "mean_smoothness", "mean_symmetry", "worst_texture"]
TIGHT = {"rel": 1e-6, "least": 1e-6}


def data(s: Scene):
    """A label that is a number, and a label of three classes."""
    def make():
        table = s.table("patients4").withColumn("classes", F.expr("cast(row % 5 = 0 as double) * (1 - label) + label * 2"))
        return VectorAssembler(inputCols=COLUMNS, outputCol="features").transform(table).withColumnRenamed("worst_area", "area")
    return s.once("linear data", make)


def first(scored) -> list:
    return sorted(scored.filter("row < 5").collect(), key=lambda row: row.row)


def summary(model) -> list:
    s = model.summary
    return [s.objectiveHistory, s.totalIterations, s.r2, s.r2adj, s.rootMeanSquaredError, s.meanSquaredError, s.meanAbsoluteError,
            s.explainedVariance, s.devianceResiduals, s.degreesOfFreedom, s.numInstances]


def linear_job(s: Scene, **params) -> list:
    table = data(s)
    model = LinearRegression(labelCol="area", **params).fit(table)
    scored = model.transform(table)
    evaluation = model.evaluate(table.filter("fold = 1"))
    return [model.coefficients, model.intercept, model.scale, model.numFeatures, summary(model),
            [row.prediction for row in first(scored)], [evaluation.r2, evaluation.numInstances]]


for name, params in {
    "default": {},
    "ridge": {"regParam": 0.3},
    "elastic": {"regParam": 2.0, "elasticNetParam": 0.7},
    "no intercept": {"fitIntercept": False, "regParam": 0.1, "standardization": False},
    "weighted": {"weightCol": "weight"},
    "l-bfgs": {"solver": "l-bfgs", "regParam": 0.1, "maxIter": 20},
    "l-bfgs elastic": {"solver": "l-bfgs", "regParam": 2.0, "elasticNetParam": 0.7, "weightCol": "weight", "maxIter": 20},
    "huber": {"loss": "huber", "regParam": 0.1, "maxIter": 8},
}.items():
    add(f"linear {name}", lambda s, params=params: linear_job(s, **params), **TIGHT)


@case(**TIGHT)
def linear_statistics_of_coefficients(s: Scene):
    found = LinearRegression(labelCol="area").fit(data(s)).summary
    return [found.coefficientStandardErrors, found.tValues, found.pValues]


@case(**TIGHT)
def linear_residuals(s: Scene):
    model = LinearRegression(labelCol="area", regParam=0.3).fit(data(s))
    few = data(s).filter("row < 6")
    evaluation = model.evaluate(few)
    return [evaluation.residuals.columns, sorted(row.residuals for row in evaluation.residuals.collect()),
            model.summary.residuals.count(), model.summary.predictions.columns[-1]]


@case()
def linear_statistics_of_iterations(s: Scene):
    try:
        return LinearRegression(labelCol="area", solver="l-bfgs", maxIter=2).fit(data(s)).summary.tValues
    except Exception as error:  # noqa: BLE001: classic Spark wraps it
        return "No t-statistic available for this LinearRegressionModel" in str(error)


@case(**TIGHT)
def linear_saved_and_loaded(s: Scene):
    model = LinearRegression(labelCol="area", regParam=0.3).fit(data(s))
    model.write().overwrite().save(f"{s.output}/linear")
    loaded = LinearRegressionModel.load(f"{s.output}/linear")
    return [loaded.coefficients, loaded.intercept, loaded.scale, loaded.hasSummary, loaded.getRegParam(), loaded.getSolver()]


@case()
def linear_prediction_column(s: Scene):
    scored = LinearRegression(labelCol="area", regParam=0.3).fit(data(s)).transform(data(s))
    return [scored.schema["prediction"].metadata, scored.schema["prediction"].nullable, scored.columns[-1]]


add("linear huber with elastic net", lambda s: LinearRegression(labelCol="area", loss="huber", elasticNetParam=0.5).fit(data(s)))
add("linear huber by normal equations", lambda s: LinearRegression(labelCol="area", loss="huber", solver="normal").fit(data(s)))
add("linear without iterations", lambda s: LinearRegression(labelCol="area", maxIter=0).fit(data(s)))
add("linear of a text", lambda s: LinearRegression(labelCol="area", solver="sgd").fit(data(s)))


def classes_job(s: Scene, label: str = "classes", **params) -> list:
    table = data(s)
    model = LogisticRegression(labelCol=label, maxIter=15, **params).fit(table)
    found = model.summary
    scored = first(model.transform(table))
    return [model.coefficientMatrix, model.interceptVector, model.numClasses, found.objectiveHistory, found.totalIterations,
            found.labels, found.accuracy, found.precisionByLabel, found.recallByLabel, found.fMeasureByLabel(0.5),
            found.weightedFMeasure(), type(found).__name__,
            [[row.rawPrediction, row.probability, row.prediction] for row in scored]]


def matrix(rows: int, value: float):
    return Matrices.dense(rows, len(COLUMNS), [value] * (rows * len(COLUMNS)))


for name, params in {
    "ridge": {"regParam": 0.1},
    "elastic": {"regParam": 0.05, "elasticNetParam": 0.5},
    "thresholds": {"regParam": 0.1, "thresholds": [0.2, 0.5, 0.3]},
    "bounds": {"regParam": 0.1, "lowerBoundsOnCoefficients": matrix(3, -0.1)},
    "of two": {"label": "label", "family": "multinomial", "regParam": 0.1},
    "two elastic": {"label": "label", "regParam": 0.05, "elasticNetParam": 0.8},
    "two bounds": {"label": "label", "regParam": 0.05, "upperBoundsOnCoefficients": matrix(1, 0.1),
                   "lowerBoundsOnIntercepts": Vectors.dense([-2.0])},
}.items():
    add(f"classes {name}", lambda s, params=params: classes_job(s, **params), rel=1e-5, least=1e-5)


@case(rel=1e-6, least=1e-6)
def classes_saved_and_loaded(s: Scene):
    regression = LogisticRegression(labelCol="classes", regParam=0.1, maxIter=5, lowerBoundsOnCoefficients=matrix(3, -0.5))
    model = regression.fit(data(s))
    model.write().overwrite().save(f"{s.output}/classes")
    loaded = LogisticRegressionModel.load(f"{s.output}/classes")
    return [loaded.coefficientMatrix, loaded.interceptVector, loaded.numClasses, loaded.getLowerBoundsOnCoefficients(),
            loaded.evaluate(data(s)).accuracy]


add("classes coefficients", lambda s: LogisticRegression(labelCol="classes", maxIter=1).fit(data(s)).coefficients)
add("classes bounds of another shape", lambda s: LogisticRegression(
    labelCol="classes", lowerBoundsOnCoefficients=matrix(1, 0.0)).fit(data(s)))
