"""Cases about the main job: logistic regression on the breast cancer table, with a fixed split."""

from __future__ import annotations

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import DecisionTreeClassifier, LogisticRegression, LogisticRegressionModel, RandomForestClassifier
from pyspark.ml.evaluation import (
    BinaryClassificationEvaluator,
    MulticlassClassificationEvaluator,
    RegressionEvaluator,
)
from pyspark.ml.feature import StandardScaler, StandardScalerModel, VectorAssembler
from pyspark.ml.linalg import Vectors
from pyspark.ml.regression import GBTRegressor
from pyspark.sql import functions as F

from recorder import Scene, add, case, shown

OTHER_COLUMNS = {"label", "row", "fold", "weight"}
MULTICLASS = ["f1", "accuracy", "weightedPrecision", "weightedRecall", "weightedTruePositiveRate",
              "weightedFalsePositiveRate", "weightedFMeasure", "truePositiveRateByLabel", "falsePositiveRateByLabel",
              "precisionByLabel", "recallByLabel", "fMeasureByLabel", "logLoss", "hammingLoss"]
COEFFICIENTS = 1e-4  # relative
METRICS = 1e-6


def measurements(s: Scene, name: str) -> list[str]:
    return [column for column in s.table(name).columns if column not in OTHER_COLUMNS]


def data(s: Scene, name: str = "patients4"):
    """Assembled train and test rows; the split is a column of the table."""
    assembled = VectorAssembler(inputCols=measurements(s, name), outputCol="features").transform(s.table(name))
    assembled = assembled.select("features", "label", "weight", "fold", "row")
    return assembled.filter("fold = 0"), assembled.filter("fold = 1")


def metrics(scored) -> dict:
    """What the evaluators say of a model; the other metrics are in cases of their own."""
    return {"areaUnderROC": BinaryClassificationEvaluator().evaluate(scored),
            "accuracy": MulticlassClassificationEvaluator(metricName="accuracy").evaluate(scored)}


def summary(model) -> dict:
    s = model.summary
    return {"totalIterations": s.totalIterations, "objectiveHistory": list(s.objectiveHistory), "accuracy": s.accuracy,
            "areaUnderROC": s.areaUnderROC}


def numbers(s) -> dict:
    """Every number of a summary, of a training or of an evaluation."""
    return {
        "accuracy": s.accuracy, "areaUnderROC": s.areaUnderROC, "labels": list(s.labels),
        "weightedPrecision": s.weightedPrecision, "weightedRecall": s.weightedRecall,
        "weightedFMeasure": s.weightedFMeasure(), "fMeasure2": s.weightedFMeasure(2.0),
        "weightedTruePositiveRate": s.weightedTruePositiveRate, "weightedFalsePositiveRate": s.weightedFalsePositiveRate,
        "precisionByLabel": list(s.precisionByLabel), "recallByLabel": list(s.recallByLabel),
        "fMeasureByLabel": list(s.fMeasureByLabel()), "fMeasureByLabel half": list(s.fMeasureByLabel(0.5)),
        "truePositiveRateByLabel": list(s.truePositiveRateByLabel),
        "falsePositiveRateByLabel": list(s.falsePositiveRateByLabel),
    }


def whole_summary(model) -> dict:
    return summary(model) | numbers(model.summary)


def columns_of(s) -> list:
    return [s.predictionCol, s.probabilityCol, s.labelCol, s.featuresCol, s.weightCol, s.scoreCol]


def curves(s) -> dict:
    """Schemas and all rows."""
    return {"roc": s.roc, "pr": s.pr, "fMeasureByThreshold": s.fMeasureByThreshold,
            "precisionByThreshold": s.precisionByThreshold, "recallByThreshold": s.recallByThreshold}


def rows(scored):
    return sorted([row.row, row.prediction, row.probability, row.rawPrediction] for row in
                  scored.select("row", "prediction", "probability", "rawPrediction").collect())


def whole_job(s: Scene, table: str = "patients4", **params):
    train, test = data(s, table)
    model = LogisticRegression(**params).fit(train)
    scored = model.transform(test)
    return {
        "coefficients": model.coefficients, "intercept": model.intercept, "matrix": model.coefficientMatrix,
        "interceptVector": model.interceptVector, "classes": model.numClasses, "features": model.numFeatures,
        "threshold": model.getThreshold(), "summary": summary(model), "metrics": metrics(scored), "rows": rows(scored),
    }


VARIANTS = {  # "penalty" runs until it converges; the others stop early, where the path shows too
    "no penalty": dict(maxIter=12),
    "penalty": dict(regParam=0.01),
    "penalty on raw": dict(regParam=0.01, standardization=False, maxIter=15),
    "raw without penalty": dict(standardization=False, maxIter=12),
    "no intercept": dict(regParam=0.01, fitIntercept=False, maxIter=15),
    "no intercept raw": dict(regParam=0.1, fitIntercept=False, standardization=False, maxIter=15),
    "no intercept no penalty": dict(fitIntercept=False, maxIter=8),
    "weights": dict(regParam=0.01, weightCol="weight", maxIter=15),
    "weights no penalty": dict(weightCol="weight", maxIter=8),
    "threshold": dict(regParam=0.01, threshold=0.8, maxIter=15),
    "thresholds": dict(regParam=0.01, thresholds=[0.3, 0.7], maxIter=5),
    "loose": dict(regParam=0.1, tol=1e-2),
    "no iteration": dict(maxIter=0),
    "one iteration": dict(maxIter=1),
}
for name, params in VARIANTS.items():
    add(f"regression {name}", lambda s, params=params: whole_job(s, **params), rel=COEFFICIENTS, least=1e-6)
add("regression one file", lambda s: whole_job(s, "patients1", regParam=0.01, maxIter=30), rel=1e-8, least=1e-8)
add("regression sparse", lambda s: whole_job(s, "sparse4", regParam=0.01, maxIter=20), rel=COEFFICIENTS, least=1e-6)
add("regression sparse no penalty", lambda s: whole_job(s, "sparse4", maxIter=10), rel=COEFFICIENTS, least=1e-6)
add("regression sparse weights", lambda s: whole_job(s, "sparse4", regParam=0.05, weightCol="weight", fitIntercept=False,
                                                               maxIter=15), rel=COEFFICIENTS, least=1e-6)


def example_pipeline(s: Scene, table: str, max_iter: int = 12, **scaling) -> Pipeline:
    return Pipeline(stages=[
        VectorAssembler(inputCols=measurements(s, table), outputCol="raw"),
        StandardScaler(inputCol="raw", outputCol="features", **scaling),
        LogisticRegression(maxIter=max_iter, regParam=0.01),
    ])


def pipeline_job(s: Scene, table: str, **scaling):
    whole = s.table(table)
    train, test = whole.filter("fold = 0"), whole.filter("fold = 1")
    model = example_pipeline(s, table, **scaling).fit(train)
    scaler, regression = model.stages[1:]
    scored = model.transform(test)
    return {"mean": scaler.mean, "std": scaler.std, "coefficients": regression.coefficients,
            "intercept": regression.intercept, "summary": summary(regression), "metrics": metrics(scored),
            "rows": rows(scored), "columns": scored.columns}


for name, scaling in {"centred": dict(withMean=True), "scaled": dict(), "centred only": dict(withMean=True, withStd=False),
                      "neither": dict(withStd=False)}.items():
    add(f"pipeline {name}", lambda s, scaling=scaling: pipeline_job(s, "patients4", **scaling), rel=COEFFICIENTS, least=1e-6)
add("pipeline sparse", lambda s: pipeline_job(s, "sparse4"), rel=COEFFICIENTS, least=1e-6)
add("pipeline sparse centred", lambda s: pipeline_job(s, "sparse4", withMean=True), rel=COEFFICIENTS, least=1e-6)


# The same model on both sides: predictions and metrics to the last digits.
def fixed_scores(s: Scene):
    """Scores that don't depend on a fit."""
    return s.table("patients1").select(
        "label", "weight", ((F.col("mean_radius") - 14.0) / 10.0 + 0.5).alias("score"),
        F.when(F.col("mean_radius") > 14.5, 1.0).otherwise(0.0).alias("prediction"),
        F.round(F.col("mean_radius")).alias("steps"))


@case()
def metadata_of_predictions(s: Scene):
    train, _ = data(s)
    scored = LogisticRegression(maxIter=1).fit(train).transform(train)
    return [[f.name, f.metadata] for f in scored.schema if f.name != "features"]


@case()
def metadata_of_scaled(s: Scene):
    train, _ = data(s)
    scaler = StandardScaler(inputCol="features", outputCol="scaled").fit(train)
    return scaler.transform(train).schema["scaled"].metadata


@case()
def metadata_of_assembled(s: Scene):
    train, _ = data(s)
    return train.schema["features"].metadata


@case(rel=1e-12)
def evaluators_of_fixed_scores(s: Scene):
    found = {}
    scored = fixed_scores(s)
    for column, bins, weight in [("score", 0, None), ("score", 10, "weight"), ("score", 10, None), ("steps", 1000, None),
                                 ("steps", 1000, "weight"), ("prediction", 0, "weight")]:
        for name in ["areaUnderROC", "areaUnderPR"]:
            evaluator = BinaryClassificationEvaluator(rawPredictionCol=column, metricName=name, numBins=bins)
            if weight:
                evaluator.setWeightCol(weight)
            found[f"{column} {name} {bins} {weight}"] = evaluator.evaluate(scored)
    return found


@case(rel=1e-12)
def multiclass_of_fixed_scores(s: Scene):
    found = {}
    scored = fixed_scores(s)
    for name in MULTICLASS:
        if name != "logLoss":
            for label, weight in [(0.0, None), (1.0, "weight")]:
                evaluator = MulticlassClassificationEvaluator(metricName=name, metricLabel=label, beta=2.0)
                if weight:
                    evaluator.setWeightCol(weight)
                found[f"{name} {label} {weight}"] = evaluator.evaluate(scored)
    return found


@case(rel=METRICS)
def every_metric_of_a_fit(s: Scene):
    train, test = data(s)
    model = LogisticRegression(regParam=0.01, maxIter=20, weightCol="weight").fit(train)
    scored = model.transform(test)
    found = {"summary": whole_summary(model)}
    found |= {name: BinaryClassificationEvaluator(metricName=name).evaluate(scored) for name in ["areaUnderROC", "areaUnderPR"]}
    return found | {name: MulticlassClassificationEvaluator(metricName=name).evaluate(scored) for name in MULTICLASS}


# Summaries. The penalty keeps probabilities apart, so that both worlds have the same distinct scores.
def penalised(s: Scene, **params):
    """The same model for all of these cases."""
    return s.once(f"penalised {params}", lambda: LogisticRegression(regParam=0.1, maxIter=5, **params).fit(data(s)[0]))


def few_numbers(s) -> list:
    return [s.accuracy, s.areaUnderROC, list(s.labels)]


@case(rel=METRICS, least=1e-9)
def summary_of_an_evaluation(s: Scene):
    evaluation = penalised(s).evaluate(data(s)[1])
    return [type(evaluation).__name__, columns_of(evaluation), numbers(evaluation), curves(evaluation)]


@case(rel=METRICS, least=1e-9)
def summary_of_a_weighted_evaluation(s: Scene):
    _, test = data(s)
    model = penalised(s, weightCol="weight", threshold=0.3)
    evaluation = model.evaluate(test)
    return [columns_of(evaluation), numbers(evaluation), evaluation.roc, evaluation.fMeasureByThreshold,
            few_numbers(model.evaluate(test.drop("weight")))]


@case(rel=METRICS, least=1e-9)
def curves_of_a_training(s: Scene):
    trained = penalised(s).summary
    return [type(trained).__name__, columns_of(trained), curves(trained),
            penalised(s, weightCol="weight", threshold=0.3).summary.pr]


@case(rel=METRICS, least=1e-9)
def curves_are_frames(s: Scene):
    evaluation = penalised(s).evaluate(data(s)[1])
    roc = evaluation.roc
    return {"columns": roc.columns, "rows": roc.count(), "some": roc.filter("FPR > 0.05 AND TPR < 1").select("TPR"),
            "best": evaluation.fMeasureByThreshold.agg(F.max("F-Measure")).first()[0]}


@case(rel=METRICS, least=1e-9)
def predictions_of_summaries(s: Scene):
    model = penalised(s)
    evaluated, trained = model.evaluate(data(s)[1]).predictions, model.summary.predictions
    return [evaluated.columns, trained.columns, rows(evaluated), rows(trained)]


@case(rel=METRICS, least=1e-9)
def summary_without_output_columns(s: Scene):
    model = penalised(s, probabilityCol="", predictionCol="", rawPredictionCol="r")
    evaluation = model.evaluate(data(s)[1])
    made = evaluation.predictions.columns
    return [few_numbers(evaluation), model.summary.accuracy, len(made), made[-2].split("_")[0], made[-1].split("_")[0],
            made[-1] == evaluation.predictionCol, made[-2] == evaluation.probabilityCol == evaluation.scoreCol]


@case(rel=METRICS, least=1e-9)
def evaluation_of_other_labels(s: Scene):
    _, test = data(s)
    model = penalised(s)
    return [few_numbers(model.evaluate(test.withColumn("label", (F.col("row") % 3).cast("double")))),
            few_numbers(model.evaluate(test.withColumn("label", F.lit(1)))),
            few_numbers(model.evaluate(test.withColumn("weightCol", F.col("weight"))))]


@case(rel=METRICS, least=1e-9)
def evaluation_of_a_loaded_model(s: Scene):
    penalised(s).write().overwrite().save(f"{s.output}/to_evaluate")
    return few_numbers(LogisticRegressionModel.load(f"{s.output}/to_evaluate").evaluate(data(s)[1]))


@case()
def evaluation_without_labels(s: Scene):
    return penalised(s).evaluate(data(s)[1].drop("label")).accuracy


@case()
def evaluation_without_features(s: Scene):
    return penalised(s).evaluate(data(s)[1].drop("features")).accuracy


def evaluated_with_negative_weights(s: Scene):
    return penalised(s, weightCol="weight", threshold=0.3).evaluate(data(s)[1].withColumn("weight", -F.col("weight")))


@case()
def area_of_negative_weights(s: Scene):
    return evaluated_with_negative_weights(s).areaUnderROC


@case()
def accuracy_of_negative_weights(s: Scene):
    return evaluated_with_negative_weights(s).accuracy


@case()
def evaluation_over_its_own_output(s: Scene):
    model = penalised(s)
    return model.evaluate(model.transform(data(s)[1])).accuracy


def evaluated_over_no_rows(s: Scene):
    return penalised(s).evaluate(data(s)[1].filter("row < 0"))


@case()
def summary_of_no_rows(s: Scene):
    evaluation = evaluated_over_no_rows(s)
    return [few_numbers(evaluation), evaluation.roc, evaluation.recallByThreshold,
            BinaryClassificationEvaluator().evaluate(evaluation.predictions)]


@case()
def precision_recall_of_no_rows(s: Scene):
    return evaluated_over_no_rows(s).pr


@case(rel=1e-12)
def regression_evaluator(s: Scene):
    scored = fixed_scores(s)
    return {name: RegressionEvaluator(predictionCol="score", metricName=name).evaluate(scored)
            for name in ["rmse", "mse", "r2", "mae", "var"]}


@case()
def params_of_the_estimator(s: Scene):
    regression = LogisticRegression(regParam=0.25, maxIter=3)
    return {p.name: regression.getOrDefault(p) for p in regression.params if regression.hasDefault(p)}


@case(rel=1e-6, least=1e-6)
def model_alone(s: Scene):
    """One vector at a time, on the driver."""
    train, _ = data(s)
    model = LogisticRegression(regParam=0.1, maxIter=20).fit(train)
    vector = Vectors.dense([1.0 + i for i in range(model.numFeatures)])
    return {"prediction": model.predict(vector), "probability": model.predictProbability(vector),
            "raw": model.predictRaw(vector), "has": model.hasSummary}


@case(rel=1e-6, least=1e-6)
def model_with_other_columns(s: Scene):
    train, test = data(s)
    model = LogisticRegression(regParam=0.1, maxIter=10, predictionCol="p", probabilityCol="", rawPredictionCol="r").fit(train)
    return [model.transform(test).columns, model.transform(test).select("p").limit(0).schema.json()]


@case(rel=1e-6, least=1e-6)
def params_in_fit(s: Scene):
    train, _ = data(s)
    regression = LogisticRegression(maxIter=5)
    models = regression.fit(train, [{regression.regParam: 0.1}, {regression.regParam: 1.0}])
    return [model.intercept for model in models]


@case(rel=1e-9)
def scaler_of_both_tables(s: Scene):
    found = []
    for table in ["patients1", "sparse1"]:
        train, _ = data(s, table)
        model = StandardScaler(inputCol="features", outputCol="out", withMean=True).fit(train)
        found.append([model.mean, model.std, model.transform(train).select("out").head(5)])
        model = StandardScaler(inputCol="features", outputCol="out").fit(train)
        found.append(model.transform(train).select("out").head(5))
    return found


@case(rel=1e-6, least=1e-6)
def models_saved_and_loaded(s: Scene):
    train, test = data(s)
    regression = LogisticRegression(regParam=0.1, maxIter=10, threshold=0.4)
    model = regression.fit(train)
    path = f"{s.output}/one_model"
    model.save(path)
    model.write().overwrite().save(path)
    again = LogisticRegressionModel.load(path)
    regression.save(f"{s.output}/estimator")
    estimator = LogisticRegression.load(f"{s.output}/estimator")
    return {"coefficients": again.coefficients, "threshold": again.getThreshold(), "has": again.hasSummary,
            "rows": rows(again.transform(test)), "same uid": again.uid == model.uid,
            "estimator": [estimator.getRegParam(), estimator.getMaxIter(), estimator.uid == regression.uid]}


@case()
def model_there_already(s: Scene):
    train, _ = data(s)
    return LogisticRegression(maxIter=1).fit(train).save(f"{s.output}/one_model")


@case()
def model_of_another_class(s: Scene):
    return StandardScalerModel.load(f"{s.output}/one_model").uid


@case()
def model_that_is_not_there(s: Scene):
    return LogisticRegressionModel.load(f"{s.output}/no_model").uid


# What goes wrong.
@case()
def label_of_three_values(s: Scene):
    train, _ = data(s)
    return LogisticRegression(family="binomial").fit(train.withColumn("label", F.col("row") % 3)).intercept


@case()
def label_missing(s: Scene):
    train, _ = data(s)
    return LogisticRegression(labelCol="nothing").fit(train).intercept


@case()
def label_null(s: Scene):
    train, _ = data(s)
    return LogisticRegression().fit(train.withColumn("label", F.when(F.col("row") > 3, F.col("label")))).intercept


@case()
def label_a_fraction(s: Scene):
    train, _ = data(s)
    return LogisticRegression().fit(train.withColumn("label", F.col("label") + 0.5)).intercept


@case()
def label_a_string(s: Scene):
    train, _ = data(s)
    return LogisticRegression().fit(train.withColumn("label", F.lit("a"))).intercept


@case()
def features_not_a_vector(s: Scene):
    train, _ = data(s)
    return LogisticRegression(featuresCol="weight").fit(train).intercept


@case()
def weight_negative(s: Scene):
    train, _ = data(s)
    return LogisticRegression(weightCol="weight").fit(train.withColumn("weight", F.lit(-1.0))).intercept


@case()
def no_rows(s: Scene):
    train, _ = data(s)
    return LogisticRegression().fit(train.filter("row < 0")).intercept


@case()
def penalty_negative(s: Scene):
    train, _ = data(s)
    return LogisticRegression(regParam=-1.0).fit(train).intercept


@case(rel=1e-9)
def one_label_only(s: Scene):
    train, _ = data(s)
    model = LogisticRegression().fit(train.filter("label = 1.0"))
    return [model.intercept, model.coefficients, model.numClasses]


@case()
def output_there_already(s: Scene):
    train, _ = data(s)
    model = LogisticRegression(maxIter=1).fit(train)
    return model.transform(model.transform(train)).columns


# Models that cross over: each world loads what the other wrote (see conftest.py).
def tree_stages() -> list:
    return [RandomForestClassifier(featuresCol="raw", predictionCol="forest", probabilityCol="shares", rawPredictionCol="votes", numTrees=3, seed=1),
            GBTRegressor(featuresCol="raw", labelCol="area_error", predictionCol="boosted", leafCol="leaves", maxIter=3, seed=1),
            DecisionTreeClassifier(featuresCol="raw", predictionCol="tree", probabilityCol="share", rawPredictionCol="count", maxDepth=3, seed=1)]


def all_rows(scored):
    columns = ["forest", "shares", "boosted", "leaves", "tree", "count"]
    of_trees = sorted([row.row, *(row[name] for name in columns)] for row in scored.select("row", *columns).collect())
    return [regression + trees for regression, trees in zip(rows(scored), of_trees)]


def save_for_the_other(s: Scene):
    # One partition: the worlds number those of four files each in their own way, by which forests draw their rows.
    whole, one = s.table("patients4"), s.table("patients1")
    stages = example_pipeline(s, "patients4", max_iter=50, withMean=True).getStages() + tree_stages()
    model = Pipeline(stages=stages).fit(one.filter("fold = 0"))
    model.write().overwrite().save(f"{s.output}/pipeline")
    return all_rows(model.transform(whole))


def load_and_apply(s: Scene, path: str):
    model = PipelineModel.load(path)
    return {"rows": all_rows(model.transform(s.table("patients4"))),
            "stages": [[type(stage).__name__, stage.uid] for stage in model.stages],
            "params": {p.name: model.stages[2].getOrDefault(p) for p in model.stages[2].params
                       if model.stages[2].isDefined(p)},
            "show": shown(lambda: model.transform(s.table("patients1")).select("row", "prediction").show(3))}
