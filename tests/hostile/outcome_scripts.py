"""Random scripts for the test that outcomes tell nothing else: a list of steps, the same for every data set."""

from __future__ import annotations

import random

from pyspark.ml.classification import LogisticRegression, LogisticRegressionModel
from pyspark.ml.evaluation import (
    BinaryClassificationEvaluator, MulticlassClassificationEvaluator, RegressionEvaluator)
from pyspark.ml.feature import (Bucketizer, Imputer, IndexToString, OneHotEncoder, StandardScaler, StandardScalerModel, StringIndexer,
                                VectorAssembler)
from pyspark.sql import functions as F

INTS, DOUBLES, TEXTS = ["a", "b"], ["x", "y", "label"], ["s", "t"]
METADATA = ('{{"class":"org.apache.spark.ml.feature.VectorAssembler","timestamp":1,"sparkVersion":"4.3.0","uid":"{}",'
            '"paramMap":{{"outputCol":"o","inputCols":["{}"]}},"defaultParamMap":{{}}}}')


class Expressions:
    """Typed SQL expressions over the table's columns; many can fail, and which rows make them fail is the data's."""

    def __init__(self, chance: random.Random):
        self.chance = chance

    def number(self, depth: int) -> str:
        one = self.chance.choice
        if depth == 0:
            return one(INTS + DOUBLES + ["0", "1", "-3", "2.5", "9223372036854775807"])
        number, boolean, text = (lambda f=f: f(depth - 1) for f in (self.number, self.boolean, self.text))
        return one([
            lambda: f"({number()} {one('+-*')} {number()})",
            lambda: f"({number()} {one('/%')} {number()})",
            lambda: f"CAST({number()} AS {one(['TINYINT', 'INT', 'BIGINT', 'DOUBLE'])})",
            lambda: f"CAST({text()} AS {one(['INT', 'DOUBLE'])})",
            lambda: f"CASE WHEN {boolean()} THEN raise_error('{one(['one', 'two', 'three'])}') ELSE {number()} END",
            lambda: f"IF({boolean()}, {number()}, {number()})",
            lambda: f"array({number()}, {number()})[CAST({number()} AS INT)]",
            lambda: f"{one(['abs', 'sqrt', 'exp', 'log', 'floor', 'negative'])}({number()})",
            lambda: f"coalesce({number()}, {number()})",
            lambda: f"length({text()})",
        ])()

    def boolean(self, depth: int) -> str:
        one = self.chance.choice
        if depth == 0:
            return one(["a = 3", "x > 0", "label = 1", "b IS NULL", "s = '7'", "true"])
        number, boolean, text = (lambda f=f: f(depth - 1) for f in (self.number, self.boolean, self.text))
        return one([
            lambda: f"({number()} {one(['=', '<', '>=', '<>'])} {number()})",
            lambda: f"({boolean()} {one(['AND', 'OR'])} {boolean()})",
            lambda: f"(NOT {boolean()})",
            lambda: f"({text()} = {text()})",
            lambda: f"({number()} IS NULL)",
        ])()

    def text(self, depth: int) -> str:
        one = self.chance.choice
        if depth == 0:
            return one(TEXTS + ["'7'", "''"])
        number, text = (lambda f=f: f(depth - 1) for f in (self.number, self.text))
        return one([
            lambda: f"CAST({number()} AS STRING)",
            lambda: f"concat({text()}, {text()})",
            lambda: f"substring({text()}, {one([1, 2, -1])}, {one([0, 1, 3])})",
            lambda: f"upper({text()})",
        ])()


class Missing(Exception):
    """What a step needs, an earlier one didn't make."""


class World:
    """One session's view of one data set."""

    def __init__(self, spark, data, folder: str):
        self.spark, self.folder = spark, folder
        self.made, self.kept = {"data": data}, []

    def set(self, name, value):
        self.made[name] = value

    def keep(self, value):
        """As long as the script lives, so that PySpark deletes nothing on the server meanwhile."""
        self.kept.append(value)
        return value

    def __getitem__(self, name):
        if name not in self.made:
            raise Missing(name)
        return self.made[name]

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}"


class Script:
    """Steps as (name, function of the world); a step that needs what an earlier one failed to make is left out."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.expressions = Expressions(self.chance)
        self.steps = []
        self.made = 0
        self.frames, self.features, self.models, self.stages, self.curves, self.written = ["data"], [], [], [], [], []
        self.step("assemble", lambda w: w.set("f0", VectorAssembler(
            inputCols=["x", "y"], outputCol="features", handleInvalid="keep").transform(w["data"])))
        self.features.append("f0")
        for _ in range(self.chance.randint(5, 10)):
            self.chance.choice(ACTS)(self)

    def step(self, name, act):
        self.steps.append((name, act))

    def name(self, kind: str) -> str:
        self.made += 1
        return f"{kind}{self.made}"

    def frame(self, known=None) -> str:
        return self.chance.choice(known or self.frames)

    def any_table(self) -> str:
        return self.chance.choice(self.frames + self.features + self.curves)

    # ---- acts ----

    def derive(self):
        source, to, depth = self.frame(), self.name("d"), self.chance.randint(1, 3)
        number, boolean = self.expressions.number(depth), self.expressions.boolean(depth)
        text, rows = self.expressions.text(depth), self.chance.choice([1, 7, 30])
        make = self.chance.choice([
            lambda d: d.filter(boolean), lambda d: d.withColumn("x", F.expr(f"CAST({number} AS DOUBLE)")),
            lambda d: d.withColumn("t", F.expr(text)), lambda d: d.limit(rows), lambda d: d.sample(0.5, 3),
            lambda d: d.repartition(2), lambda d: d.coalesce(1), lambda d: d.na.drop(), lambda d: d.na.fill(0)])
        self.step(f"derive {number} | {boolean} | {text}", lambda w: w.set(to, make(w[source])))
        self.frames.append(to)

    def probe(self):
        """Work of which only the end shows: whether, and with which class, rows make an expression fail."""
        source, to, depth = self.frame(), self.name("o"), self.chance.randint(1, 3)
        expression = self.chance.choice([
            lambda: self.expressions.number(depth), lambda: self.expressions.text(depth),
            lambda: f"IF({self.expressions.boolean(depth)}, 1, raise_error('{depth}'))",
            lambda: f"1 / ({self.expressions.number(depth)} - {self.chance.randint(0, 9)})",
            lambda: f"CAST(concat(s, {self.expressions.text(0)}) AS {self.chance.choice(['INT', 'DATE', 'DOUBLE'])})"])()
        self.step(f"probe {expression}", lambda w: w[source].select(F.expr(expression).alias("v")).write.parquet(w.path(to)))
        self.step("read the probe", lambda w: w.set(to, w.spark.read.parquet(w.path(to))))
        self.curves.append(to)

    def aggregate(self):
        source, to = self.frame(), self.name("g")
        number, key = self.expressions.number(1), self.chance.choice(INTS + TEXTS)
        make = self.chance.choice([
            lambda d: d.groupBy(key).count(), lambda d: d.groupBy(key).agg(F.sum(F.expr(number))),
            lambda d: d.agg(F.max(F.expr(number)), F.count("b")), lambda d: d.describe(), lambda d: d.summary("mean")])
        self.step(f"aggregate {number} {key}", lambda w: w.set(to, make(w[source])))
        self.curves.append(to)

    def look(self):
        table, other = self.any_table(), self.any_table()
        ask = self.chance.choice([
            lambda d, e: d.schema, lambda d, e: d.columns, lambda d, e: d._explain_string(extended=True), lambda d, e: d._show_string(5),
            lambda d, e: d.isLocal(), lambda d, e: d.semanticHash(), lambda d, e: d.sameSemantics(e),
            lambda d, e: d.sameSemantics(e), lambda d, e: d.persist(), lambda d, e: d.storageLevel,
            lambda d, e: d.unpersist(), lambda d, e: d.inputFiles(), lambda d, e: d.count(), lambda d, e: d.collect(),
            lambda d, e: d.first(), lambda d, e: d.isEmpty(), lambda d, e: d.toPandas(),
            lambda d, e: d.approxQuantile("x", [0.5], 0.1), lambda d, e: d.createOrReplaceTempView("v")])
        self.step("look", lambda w: ask(w[table], w[other]))

    def write(self):
        table, to = self.any_table(), self.name("r")
        text, mode = self.chance.random() < 0.4, self.chance.choice(["error", "overwrite", "append", "ignore"])
        place = self.chance.choice(self.written or [to])
        expression = self.expressions.text(2)

        def run(w):
            frame = w[table].select(F.expr(expression).alias("value")) if text else w[table]
            getattr(frame.write.mode(mode), "text" if text else "parquet")(w.path(place))
        self.step(f"write {mode} {expression if text else ''}", run)
        self.step("read", lambda w: w.set(to, getattr(w.spark.read, "text" if text else "parquet")(w.path(place))))
        self.written.append(place)
        self.curves.append(to)

    def fit(self):
        source, model, predictions = self.frame(self.features), self.name("m"), self.name("p")
        iterations, reg, scale = self.chance.choice([1, 3, 8]), self.chance.choice([0.0, 0.1]), self.chance.random() < 0.3
        estimator = StandardScaler(inputCol="features", outputCol="scaled") if scale else LogisticRegression(
            maxIter=iterations, regParam=reg, fitIntercept=self.chance.random() < 0.7)
        self.step("fit", lambda w: w.set(model, estimator.fit(w[source])))
        self.step("transform", lambda w: w.set(predictions, w[model].transform(w[source])))
        self.curves.append(predictions)
        if not scale:
            self.models.append((model, source))

    def stage(self):
        """Stages that say in a column's metadata what they learnt of it, and those that read it there."""
        source, model, indexed, to = self.frame(), self.name("m"), self.name("i"), self.name("x")
        column, new, last = self.chance.choice(TEXTS), self.name("c"), self.name("c")
        invalid = self.chance.choice(["error", "keep", "skip"])
        fitted = self.chance.choice([
            StringIndexer(inputCol=column, outputCol=new, handleInvalid=invalid),
            StringIndexer(inputCol=column, outputCol=new, handleInvalid=invalid),
            Imputer(inputCol="x", outputCol=new, strategy=self.chance.choice(["mean", "median", "mode"]))])
        reader = self.chance.choice([
            OneHotEncoder(inputCol=new, outputCol=last, handleInvalid=self.chance.choice(["error", "keep"])),
            IndexToString(inputCol=new, outputCol=last), VectorAssembler(inputCols=[new, "x"], outputCol=last),
            Bucketizer(inputCol=new, outputCol=last, splits=[0.0, 1.0, 2.0, 50.0])])
        self.step("fit a stage", lambda w: w.set(model, fitted.fit(w[source])))
        self.step("ask the stage", lambda w: (repr(w[model]), getattr(w[model], "labels", None)))
        self.step("transform", lambda w: w.set(indexed, w[model].transform(w[source])))
        self.step("schema", lambda w: w[indexed].schema.json())
        self.step("read metadata", lambda w: w.set(
            to, (reader.fit(w[indexed]) if hasattr(reader, "fit") else reader).transform(w[indexed])))
        self.step("schema", lambda w: w[to].schema.json())
        self.curves += [indexed, to]

    def of_model(self):
        if not self.models:
            return self.fit()
        (model, source), curve = self.chance.choice(self.models), self.name("c")
        table = self.chance.choice(["roc", "pr", "predictions", "fMeasureByThreshold"])
        evaluated = self.chance.random() < 0.5
        ask = self.chance.choice([
            lambda m: m.numClasses, lambda m: m.numFeatures, lambda m: m.coefficients, lambda m: m.hasSummary,
            lambda m: m.summary.totalIterations, lambda m: m.summary.areaUnderROC, lambda m: m.summary.objectiveHistory,
            lambda m: repr(m), lambda m: m.predict([1.0, 2.0])])
        self.step("ask", lambda w: ask(w[model]))
        self.step(f"curve {table}", lambda w: w.set(
            curve, getattr(w[model].evaluate(w[source]) if evaluated else w[model].summary, table)))
        self.curves.append(curve)

    def evaluate(self):
        source = self.chance.choice(self.curves or self.features)
        evaluator = self.chance.choice([
            BinaryClassificationEvaluator(), MulticlassClassificationEvaluator(), RegressionEvaluator(predictionCol="x")])
        self.step("evaluate", lambda w: evaluator.evaluate(w[source]))

    def save(self):
        place = self.name("s")
        if self.models:
            model, source = self.chance.choice(self.models)
            again = self.name("l")
            self.step("save model", lambda w: w[model].write().overwrite().save(w.path(place)))
            self.step("load model", lambda w: w.set(again, LogisticRegressionModel.load(w.path(place))))
            self.step("of a loaded model", lambda w: (w[again].numFeatures, w[again].hasSummary))
            self.step("transform by it", lambda w: w.set(place, w[again].transform(w[source])))
            self.curves.append(place)
        else:
            self.step("save stage", lambda w: StandardScaler(inputCol="x").write().overwrite().save(w.path(place)))
            self.step("load stage", lambda w: StandardScaler.load(w.path(place)).explainParams())

    def masquerade(self):
        """Rows that look like a stage's metadata, read back as a stage."""
        place, source = self.name("q"), self.frame()
        text, append = self.expressions.text(1), self.chance.random() < 0.5
        row = METADATA.format("A", "B").replace("A", f"', {text}, '", 1) if self.chance.random() < 0.5 else METADATA.format(
            "u", f"', {text}, '")

        def run(w):
            if append:
                VectorAssembler(inputCols=["x"], outputCol="o").write().overwrite().save(w.path(place))
            line = w[source].limit(1).select(F.expr(f"concat('{row}')").alias("value"))
            line.write.mode("append").text(w.path(f"{place}/metadata"))
        self.step(f"masquerade {text}", run)
        self.step("load it", lambda w: VectorAssembler.load(w.path(place)).getInputCols())
        self.step("load it as a model", lambda w: StandardScalerModel.load(w.path(place)).uid)

    def cache(self):
        self.step("cache", lambda w: w.spark.client._get_ml_cache_info())
        if self.models:
            model = self.models[0][0]
            self.step("size", lambda w: w.spark.client._query_model_size(w[model]._java_obj.ref_id))


ACTS = [Script.derive, Script.derive, Script.probe, Script.probe, Script.probe, Script.aggregate, Script.look, Script.look, Script.look,
        Script.write, Script.write, Script.fit, Script.fit, Script.stage, Script.stage, Script.of_model, Script.of_model, Script.evaluate,
        Script.save, Script.masquerade, Script.cache]
