"""Makes linear_reference.json and multinomial_reference.json: what stock Spark 4.3 (classic, local[1], one partition) answers.

Run: python make_linear_reference.py   (needs Java 17, pyspark 4.3). The data are seeded_rows.py's.
"""
import json
import math
import os

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.linalg import Matrices, SparseVector, Vectors
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession

from seeded_rows import rows

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, COLUMNS, SEED = 120, 5, 7

LINEAR = {
    "default": {},
    "ridge": {"regParam": 0.1},
    "elastic": {"regParam": 0.3, "elasticNetParam": 0.8},
    "lasso": {"regParam": 1.0, "elasticNetParam": 1.0, "tol": 1e-9},
    "ridge_raw": {"regParam": 0.4, "standardization": False},
    "elastic_raw": {"regParam": 0.4, "elasticNetParam": 0.5, "standardization": False},
    "no_intercept": {"fitIntercept": False},
    "weighted": {"weightCol": "weight"},
    "weighted_elastic": {"weightCol": "weight", "regParam": 0.5, "elasticNetParam": 0.5},
    "elastic_three_iterations": {"regParam": 0.3, "elasticNetParam": 0.8, "maxIter": 3},
    "constant_column": {"data": "constant"},
    "constant_column_no_intercept": {"data": "constant", "fitIntercept": False},
    "twice": {"data": "twice"},
    "constant_label": {"data": "same"},
    "constant_label_no_intercept": {"data": "same", "fitIntercept": False},
    "zero_label": {"data": "zero", "fitIntercept": False},
    "lbfgs": {"solver": "l-bfgs"},
    "lbfgs_ridge": {"solver": "l-bfgs", "regParam": 0.1},
    "lbfgs_ridge_raw": {"solver": "l-bfgs", "regParam": 0.4, "standardization": False},
    "lbfgs_elastic": {"solver": "l-bfgs", "regParam": 0.3, "elasticNetParam": 0.8},
    "lbfgs_lasso_raw": {"solver": "l-bfgs", "regParam": 0.5, "elasticNetParam": 1.0, "standardization": False},
    "lbfgs_sparse": {"solver": "l-bfgs", "regParam": 4.0, "elasticNetParam": 1.0},
    "lbfgs_weighted_elastic": {"solver": "l-bfgs", "weightCol": "weight", "regParam": 0.1, "elasticNetParam": 0.5},
    "lbfgs_five_iterations": {"solver": "l-bfgs", "maxIter": 5},
    "lbfgs_constant_column": {"solver": "l-bfgs", "data": "constant", "regParam": 0.1},
    "lbfgs_constant_label": {"solver": "l-bfgs", "data": "same"},
    "lbfgs_constant_label_no_intercept": {"solver": "l-bfgs", "data": "same", "fitIntercept": False},
    "huber": {"loss": "huber"},
    "huber_ridge_raw": {"loss": "huber", "regParam": 0.2, "standardization": False},
    "huber_no_intercept": {"loss": "huber", "fitIntercept": False},
    "huber_weighted": {"loss": "huber", "weightCol": "weight", "regParam": 0.05},
    "huber_epsilon": {"loss": "huber", "epsilon": 1.1},
    "huber_constant_column": {"loss": "huber", "data": "constant"},
}
NUMBERS = ["explainedVariance", "meanAbsoluteError", "meanSquaredError", "rootMeanSquaredError", "r2", "r2adj", "numInstances",
           "degreesOfFreedom", "totalIterations"]
LISTS = ["objectiveHistory", "devianceResiduals"]
OF_NORMAL = ["coefficientStandardErrors", "tValues", "pValues"]

LOGISTIC = {
    "three": {},
    "three_ridge": {"regParam": 0.1},
    "three_elastic": {"regParam": 0.05, "elasticNetParam": 0.5},
    "three_lasso_raw": {"regParam": 0.05, "elasticNetParam": 1.0, "standardization": False},
    "three_sparse": {"regParam": 0.3, "elasticNetParam": 1.0},
    "three_no_intercept": {"fitIntercept": False, "regParam": 0.01},
    "three_weighted": {"weightCol": "weight", "regParam": 0.05},
    "three_five_iterations": {"maxIter": 5},
    "three_thresholds": {"regParam": 0.1, "thresholds": [0.5, 0.2, 0.3]},
    "three_zero_threshold": {"regParam": 0.1, "thresholds": [0.5, 0.0, 0.3]},
    "three_constant_column": {"data": "constant", "regParam": 0.1},
    "three_bounds": {"lowerBoundsOnCoefficients": [3, 5, [-0.5] * 15], "upperBoundsOnCoefficients": [3, 5, [0.5] * 15]},
    "three_intercept_bounds": {"lowerBoundsOnIntercepts": [0.0, 0.0, 0.0], "regParam": 0.05},
    "two_multinomial": {"data": "two", "family": "multinomial"},
    "two_elastic": {"data": "two", "regParam": 0.05, "elasticNetParam": 0.5},
    "two_lasso_raw": {"data": "two", "regParam": 0.05, "elasticNetParam": 1.0, "standardization": False},
    "two_elastic_weighted": {"data": "two", "regParam": 0.02, "elasticNetParam": 0.9, "weightCol": "weight"},
    "two_no_intercept_elastic": {"data": "two", "regParam": 0.05, "elasticNetParam": 0.5, "fitIntercept": False},
    "two_bounds": {"data": "two", "lowerBoundsOnCoefficients": [1, 5, [0.0] * 5], "upperBoundsOnCoefficients": [1, 5, [1.0, 0.25, 1.0, 1.0, 1.0]]},
    "two_bounds_ridge": {"data": "two", "regParam": 0.05, "lowerBoundsOnCoefficients": [1, 5, [-0.25] * 5],
                         "upperBoundsOnIntercepts": [0.0]},
    "one_multinomial": {"data": "ones", "family": "multinomial"},
    "one_multinomial_no_intercept": {"data": "ones", "family": "multinomial", "fitIntercept": False, "maxIter": 10},
    "one_binomial": {"data": "ones"},
}
BY_LABEL = ["objectiveHistory", "labels", "precisionByLabel", "recallByLabel", "truePositiveRateByLabel", "falsePositiveRateByLabel"]
OF_ALL = ["accuracy", "weightedPrecision", "weightedRecall", "weightedTruePositiveRate", "weightedFalsePositiveRate", "totalIterations"]


def linear_rows(kind):
    for features, label, _, weight in rows(ROWS, COLUMNS, SEED):
        if kind == "constant":
            features = features[:2] + [3.0] + features[3:]
        if kind == "twice":
            features = features + [features[1]]
        label = {"same": 2.5, "zero": 0.0}.get(kind, label)
        yield Vectors.dense(features), label, weight


def class_rows(kind):
    for features, _, label, weight in rows(ROWS, COLUMNS, SEED):
        if kind == "constant":
            features = features[:2] + [3.0] + features[3:]
        label = {"two": min(label, 1.0), "ones": 1.0}.get(kind, label)
        yield Vectors.dense(features), label, weight


def tables(spark, make):
    made = {}

    def table(kind):
        if kind not in made:
            made[kind] = spark.createDataFrame(list(make(kind)), ["features", "label", "weight"]).coalesce(1).cache()
        return made[kind]
    return table


def linear(df, params):
    model = LinearRegression(**params).fit(df)
    summary = model.summary
    out = {"coefficients": model.coefficients.toArray().tolist(), "sparse": isinstance(model.coefficients, SparseVector),
           "intercept": model.intercept, "scale": model.scale}
    for name in NUMBERS:
        out[name] = getattr(summary, name)
    for name in LISTS:
        out[name] = list(getattr(summary, name))
    for name in OF_NORMAL:
        try:
            out[name] = list(getattr(summary, name))
        except Exception as error:
            out["error"] = str(error).split("\n")[0]
    if params == LINEAR["ridge"]:
        out["prediction"] = [r.prediction for r in model.transform(df).head(5)]
        out["residuals"] = [r.residuals for r in summary.residuals.head(5)]
        evaluated = model.evaluate(df)
        out["evaluated"] = [evaluated.r2, evaluated.meanAbsoluteError]
    return out


def matrix(value):
    return Matrices.dense(value[0], value[1], value[2])


def logistic(df, params):
    params = dict(params)
    for name in list(params):
        if "OnCoefficients" in name:
            params[name] = matrix(params[name])
        if "OnIntercepts" in name:
            params[name] = Vectors.dense(params[name])
    model = LogisticRegression(**params).fit(df)
    summary = model.summary
    m = model.coefficientMatrix
    out = {"coefficientMatrix": m.toArray().tolist(), "sparse": type(m).__name__ == "SparseMatrix",
           "transposed": bool(m.isTransposed), "interceptVector": model.interceptVector.toArray().tolist(),
           "sparseIntercept": isinstance(model.interceptVector, SparseVector), "numClasses": model.numClasses,
           "summary": type(summary).__name__}
    for name in OF_ALL:
        out[name] = getattr(summary, name)
    for name in BY_LABEL:
        out[name] = list(getattr(summary, name))
    out["fMeasureByLabel2"] = list(summary.fMeasureByLabel(2.0))
    out["weightedFMeasure"] = summary.weightedFMeasure()
    predicted = model.transform(df).select("rawPrediction", "probability", "prediction").head(8)
    out["rawPrediction"] = [r.rawPrediction.toArray().tolist() for r in predicted]
    out["probability"] = [r.probability.toArray().tolist() for r in predicted]
    out["prediction"] = [r.prediction for r in predicted]
    return out


def all_cases(cases, table, fit, write):
    out = {}
    for name, params in cases.items():
        params = dict(params)
        df = table(params.pop("data", "plain"))
        try:
            out[name] = fit(df, params)
        except Exception as error:
            out[name] = {"failure": str(error).split("\n")[0]}
        out[name]["params"] = cases[name]
        print(name, out[name].get("failure"), flush=True)
        write(out)


def rounded(value):
    """What a tolerance of 1e-6 needs, and in words what JSON has no number for."""
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {name: rounded(v) for name, v in value.items()}
    return value


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.memory", "1g")
             .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1").config("spark.ui.showConsoleProgress", "false")
             .config("spark.sql.shuffle.partitions", "1").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    for file, cases, make, fit in (("linear_reference.json", LINEAR, linear_rows, linear),
                                   ("multinomial_reference.json", LOGISTIC, class_rows, logistic)):
        def write(made, file=file):
            with open(os.path.join(HERE, file), "w") as f:
                f.write("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(rounded(case))}" for name, case in made.items()) + "\n}\n")
        all_cases(cases, tables(spark, make), fit, write)
    spark.stop()


if __name__ == "__main__":
    main()
