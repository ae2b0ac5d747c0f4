"""Cases about the names in params of ML classes: quoted, dotted, in another case, of fields of structs, of outputs
that are there already. Which of them MLlib resolves, and which it takes literally, differs by class and param."""

from __future__ import annotations

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator, RegressionEvaluator
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.sql import functions as F

from recorder import Scene, add

ROWS = [(float(i), float(i * 3 % 7), float(i % 2), 1.0 + i % 3) for i in range(12)]


def numbers(s: Scene):
    return s.once("names", lambda: s.spark.createDataFrame(ROWS, ["lab.glucose", "b", "out.come", "w"]))


def nested(s: Scene):
    inner = F.struct(F.col("b").alias("v"), F.struct(F.col("w").alias("q")).alias("n"))
    return numbers(s).select(inner.alias("p"), "b", "w")


def features(s: Scene, output="features"):
    assembled = VectorAssembler(inputCols=["b"], outputCol=output).transform(numbers(s))
    return assembled.withColumnRenamed("out.come", "label")


def predicted(s: Scene):
    return s.once("names predicted", lambda: fitted(s).transform(features(s)))


def fitted(s: Scene):
    return s.once("names model", lambda: LogisticRegression(regParam=0.1).fit(features(s)))


def assembled(names, frame=numbers):
    return lambda s: VectorAssembler(inputCols=names, outputCol="f").transform(frame(s)).select("f")


def output(name):
    return lambda s: VectorAssembler(inputCols=["b"], outputCol=name).transform(numbers(s)).columns


def scaled(name, frame, output="o"):
    def run(s):
        table = frame(s)
        model = StandardScaler(inputCol=name, outputCol=output, withMean=True).fit(table)
        return [model.std, model.transform(table).columns]
    return run


def regressed(frame, **params):
    return lambda s: LogisticRegression(regParam=0.1, maxIter=5, **params).fit(frame(s)).intercept


def transformed(frame, **params):
    def run(s):
        model = fitted(s)
        return model.transform(frame(s), {getattr(model, k): v for k, v in params.items()}).dtypes
    return run


def measured(evaluator, frame, **params):
    return lambda s: evaluator(**params).evaluate(frame(s))


def renamed(frame, old, new):
    return lambda s: frame(s).withColumnRenamed(old, new)


def dotted(s: Scene):
    return features(s, "my.features")


def in_struct(s: Scene):
    return features(s).select(F.struct("features", "label").alias("p"), "features", "label")


CASES = {
    "assembler dots": assembled(["lab.glucose"]), "assembler dots quoted": assembled(["`lab.glucose`", "b"]),
    "assembler quoted": assembled(["`b`"]), "assembler case": assembled(["B"]), "assembler missing": assembled(["zz"]),
    "assembler field": assembled(["p.v", "P.n.Q"], nested), "assembler no field": assembled(["p.zz"], nested),
    "assembler struct": assembled(["p"], nested),
    "assembler two": assembled(["b"], lambda s: numbers(s).select("b", F.col("w").alias("B"))),
    "assembler output there": output("w"), "assembler output there in another case": output("W"),
    "assembler output dots": output("my.f"), "assembler output quoted": output("`my.f`"),
    "scaler case": scaled("FEATURES", features), "scaler quoted": scaled("`features`", features),
    "scaler dots": scaled("my.features", dotted), "scaler dots quoted": scaled("`my.features`", dotted),
    "scaler field": scaled("p.features", in_struct), "scaler missing": scaled("zz", features),
    "scaler output there": scaled("features", features, "w"), "scaler output replaced": scaled("features", features, "W"),
    "scaler output dots": scaled("features", features, "o.x"),
    "logistic features case": regressed(features, featuresCol="Features"),
    "logistic features dots": regressed(dotted, featuresCol="my.features"),
    "logistic features dots quoted": regressed(dotted, featuresCol="`my.features`"),
    "logistic features field": regressed(in_struct, featuresCol="p.features"),
    "logistic label case": regressed(features, labelCol="LABEL"),
    "logistic label quoted": regressed(features, labelCol="`label`"),
    "logistic label dots quoted": regressed(renamed(features, "label", "l.x"), labelCol="`l.x`"),
    "logistic label field": regressed(in_struct, labelCol="p.label"),
    "logistic weight": regressed(features, weightCol="w"), "logistic weight case": regressed(features, weightCol="W"),
    "logistic weight missing": regressed(features, weightCol="zz"),
    "model features case": transformed(renamed(features, "features", "Features")),
    "model prediction there": transformed(lambda s: features(s).withColumn("prediction", F.lit(1.0))),
    "model prediction replaced": transformed(lambda s: features(s).withColumn("Prediction", F.lit(1.0))),
    "model prediction dots": transformed(features, predictionCol="p.x"),
    "model raw dots": transformed(features, rawPredictionCol="r.x"),
    "model probability dots": transformed(features, probabilityCol="r.x"),
    "regression label case": measured(RegressionEvaluator, numbers, labelCol="W", predictionCol="b"),
    "regression prediction case": measured(RegressionEvaluator, numbers, labelCol="w", predictionCol="B"),
    "regression label quoted": measured(RegressionEvaluator, numbers, labelCol="`out.come`", predictionCol="b"),
    "regression label dots": measured(RegressionEvaluator, numbers, labelCol="out.come", predictionCol="b"),
    "regression prediction dots": measured(RegressionEvaluator, numbers, labelCol="b", predictionCol="out.come"),
    "regression prediction dots quoted": measured(RegressionEvaluator, numbers, labelCol="b", predictionCol="`out.come`"),
    "regression label field": measured(RegressionEvaluator, nested, labelCol="p.v", predictionCol="w"),
    "regression prediction field": measured(RegressionEvaluator, nested, labelCol="w", predictionCol="p.v"),
    "regression weight case": measured(RegressionEvaluator, numbers, labelCol="b", predictionCol="w", weightCol="W"),
    "regression weight missing": measured(RegressionEvaluator, numbers, labelCol="b", predictionCol="w", weightCol="zz"),
    "multiclass case": measured(MulticlassClassificationEvaluator, predicted, labelCol="LABEL", predictionCol="`prediction`"),
    "multiclass dots": measured(MulticlassClassificationEvaluator, renamed(predicted, "prediction", "p.x"), predictionCol="p.x"),
    "multiclass dots quoted": measured(MulticlassClassificationEvaluator, renamed(predicted, "prediction", "p.x"),
                                       predictionCol="`p.x`"),
    "multiclass probability case": measured(MulticlassClassificationEvaluator, predicted, metricName="logLoss",
                                            probabilityCol="PROBABILITY"),
    "binary label quoted": measured(BinaryClassificationEvaluator, predicted, labelCol="`Label`", weightCol="`W`"),
    "binary raw case": measured(BinaryClassificationEvaluator, predicted, rawPredictionCol="RAWPREDICTION"),
    "binary raw dots": measured(BinaryClassificationEvaluator, renamed(predicted, "rawPrediction", "p.x"), rawPredictionCol="p.x"),
    "summary label case": lambda s: fitted(s).evaluate(renamed(features, "label", "Label")(s)).accuracy,
    "summary no label": lambda s: fitted(s).evaluate(features(s).drop("label")).accuracy,
}

for name, run in CASES.items():
    add(f"name {name}", run, rel=1e-6)
