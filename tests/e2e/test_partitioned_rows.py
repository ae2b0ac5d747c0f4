"""What a release counts: rows of the plan, once, as the owner put them. Each way here to make one row's value leave was or could be one."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from deployment import Deployment, partitioned
from released import Record

ROWS = 300
ALL = ["binary", "multiclass", "regression", "summary", "classes"]

HEAD = """
import sys
from pyspark.ml.classification import LogisticRegression, RandomForestClassifier
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator, RegressionEvaluator
from pyspark.ml.feature import Imputer, StandardScaler, VectorAssembler
from pyspark.ml.stat import Summarizer
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
def features(frame, *columns, name="features"):
    return VectorAssembler(inputCols=list(columns), outputCol=name).transform(frame)
def regression(frame, metric="mse", **columns):
    return RegressionEvaluator(metricName=metric, **columns).evaluate(frame)
"""

# In each of these one sum, or two of one release, are about the row with id 7 or few rows more.
GATES = HEAD + """
one = F.col("id") == 7
print(table.select("x", "less").summary("mean").collect())                      # stored: x without one row
print(table.select("x", "moved").summary("mean", "stddev").collect())            # stored: another value in one row
print(table.select("few").summary("mean").collect())                             # stored: three nulls
print(table.select("x", F.when(~one, F.col("x")).alias("y")).describe().collect())
print(table.select(F.when(one, F.col("x")).otherwise(0).alias("y")).summary("mean").collect())
print(table.select((F.col("x") * one.cast("int")).alias("y")).summary("mean").collect())
print(table.select((F.col("x") * F.exp(-1e6 * (F.col("id") - 7) ** 2)).alias("y")).summary("mean").collect())
print(table.select(F.coalesce(F.when(one, F.lit(0.0)), F.col("x")).alias("y")).summary("mean").collect())
gated = table.withColumn("g", F.when(one, F.col("x")).otherwise(0.0)).withColumn("w", F.when(one, 1.0).otherwise(1e-9))
both = features(features(gated, "x", "y"), "x", "g", name="others")
print(both.select(Summarizer.mean(both.features), Summarizer.mean(both.others)).collect())
twins = features(features(table, "x", "y"), "moved", "y", name="others")
print(twins.select(Summarizer.mean(twins.features), Summarizer.mean(twins.others)).collect())
scaled = StandardScaler(inputCol="features", outputCol="scaled").fit(twins).transform(twins)
print(scaled.select(Summarizer.mean(scaled.scaled)).collect())
print(regression(gated, predictionCol="g", labelCol="label"), regression(gated, predictionCol="x", labelCol="g"))
print(regression(table, predictionCol="x", labelCol="moved"))
print(regression(gated, predictionCol="x", labelCol="label", weightCol="w"))
print(BinaryClassificationEvaluator(rawPredictionCol="x", weightCol="w").evaluate(gated))
print(MulticlassClassificationEvaluator(predictionCol="label", weightCol="w").evaluate(gated))
print(regression(table, predictionCol="x", labelCol="label", weightCol="nearly"))
# The column that MLlib's evaluations take for weights where there is no weightCol.
by_name = features(table, "x", "y").withColumn("weightCol", F.when(one, F.abs("x")).otherwise(1e-300))
for estimator in (LogisticRegression(maxIter=2), RandomForestClassifier(numTrees=2)):
    evaluation = estimator.fit(by_name).evaluate(by_name)
    print(evaluation.accuracy, evaluation.areaUnderROC)
marked = gated.withColumn("p", one.cast("double"))
print(MulticlassClassificationEvaluator(predictionCol="p").evaluate(marked), marked.groupBy("p").count().collect())
model = LogisticRegression(maxIter=3).fit(twins)
print(MulticlassClassificationEvaluator(metricName="logLoss").evaluate(model.transform(twins)))
# One row's value, written over in place by a stage that learnt the value from a row of the script.
person = spark.createDataFrame([(1000.0,)], ["x"])
imputed = Imputer(inputCol="x", outputCol="x", missingValue=table.filter(one).first()["x"]).fit(person).transform(table)
print(imputed.select("x").summary("mean").collect(), regression(imputed, predictionCol="x"))
nan = table.withColumn("x", F.when(one, float("nan")).otherwise(F.col("x")))
print(nan.select("x").summary("mean").collect(), regression(table.limit(9), predictionCol="x"))
"""

# The same kinds of question about groups that are large enough.
HONEST = HEAD + """
print(table.select("x", "y", "many").summary("mean").collect())
both = features(features(table, "x", "y"), "y", "label", name="others")
print(both.select(Summarizer.mean(both.features), Summarizer.mean(both.others)).collect())
print(table.filter("id > 20").select(F.col("x").alias("z")).summary("mean").collect())
print(table.select(F.when(F.col("id") < 100, 1.0).otherwise(0.0).alias("young")).summary("mean").collect())
print(regression(table, predictionCol="x"), regression(table, predictionCol="x", weightCol="w"))
model = LogisticRegression(maxIter=3).fit(both)
print(regression(model.transform(both)), BinaryClassificationEvaluator().evaluate(model.transform(both)))
print(model.evaluate(both.withColumnRenamed("w", "weightCol")).accuracy)
print(table.withColumn("even", F.col("id") % 2).groupBy("even").count().collect())
"""


def table():
    generator = np.random.Generator(np.random.PCG64(3))
    number = np.arange(ROWS)
    x = generator.normal(size=ROWS)
    return pd.DataFrame({
        "id": number, "x": x, "y": generator.normal(size=ROWS), "label": (x + generator.normal(size=ROWS) > 0) * 1.0,
        "less": np.where(number == 7, np.nan, x), "moved": np.where(number == 7, x + 1e-3, x),
        "few": np.where(number < 3, np.nan, x), "many": np.where(number < 30, np.nan, generator.normal(size=ROWS)),
        "w": np.where(number % 3 == 0, 0.0, 1.5), "nearly": np.where(number == 7, 0.0, 1.0)})


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    made = Deployment(tmp_path_factory.mktemp("partitioned_rows"))
    made.keygen()
    made.path = made.table("points", pa.Table.from_pandas(table(), preserve_index=False), 2)  # NaN as null
    made.others = made.table("others", pa.Table.from_pandas(table(), preserve_index=False), 2)
    made.out = made.storage / "out"
    made.start()
    made.write_manifest(read=[made.path, made.others])
    made.both = made.manifest.read_text()
    made.manifest.unlink()
    made.write_manifest(read=[made.path], write=[made.out])
    made.base = made.manifest.read_text()
    yield made
    made.stop()


def under(d, base=None, **rule):
    d.manifest.write_text(partitioned(base or d.base, **rule))


def baseline(d, script, *args, base=None):
    d.manifest.write_text(base or d.base)
    return d.run(script, *args).stdout


def test_a_small_group_leaves_in_no_shape(d):
    exact = baseline(d, GATES, d.path)
    under(d, kinds=ALL)
    record = Record(d.record)
    record.questions()
    done = d.run(GATES, d.path)
    assert done.stdout == exact
    assert record.questions() == [] and d.releases()[0] == []
    assert "released" not in done.stderr


def test_large_groups_leave(d):
    exact = baseline(d, HONEST, d.path)
    under(d, kinds=ALL)
    done = d.run(HONEST, d.path)
    released = [one["statistic"].rpartition(".")[2] for one in d.releases()[0]]
    assert released == ["mean", "mean", "mean", "mean", "mean", "mse", "mse", "mse", "areaUnderROC", "accuracy", "count"]
    # The area alone is of bins, and says so where the owner looks.
    binned = [line for line in done.stderr.splitlines() if "binned" in line]
    assert len(binned) == 1 and "areaUnderROC" in binned[0] and "approximate" in binned[0]
    different = [ours for ours, theirs in zip(done.stdout.splitlines(), exact.splitlines(), strict=True) if ours != theirs]
    assert len(different) <= 1


APPEND = HEAD + """
copy = sys.argv[2] + "/appended"
person = table.filter("id = 7").select("x", "y", "label")
for _ in range(20):
    person.write.mode("append").parquet(copy)
again = spark.read.parquet(copy)
print(again.count(), again.summary("mean").collect(), regression(again, predictionCol="x"))
print(again.groupBy("label").count().collect())
print(MulticlassClassificationEvaluator(predictionCol="label").evaluate(again))
spark.createDataFrame([(7.25, 1.0)] * 40, ["x", "label"]).write.parquet(sys.argv[2] + "/brought")
brought = spark.read.parquet(sys.argv[2] + "/brought")
print(brought.groupBy("label").count().collect(), regression(brought, predictionCol="x"))
# Written again as one write they are no more people than before.
again.write.parquet(sys.argv[2] + "/once_more")
print(spark.read.parquet(sys.argv[2] + "/once_more").groupBy("label").count().collect())
"""

WRITE = HEAD + """
table.filter("id >= 100").write.parquet(sys.argv[2] + "/copy")
copy = spark.read.parquet(sys.argv[2] + "/copy")
print(copy.groupBy("label").count().collect())
print(copy.select("x").summary("mean").collect())
copy.select("label", "x").write.parquet(sys.argv[2] + "/copy_of_copy")
"""

# Rows that a join or a union may have made more of.
REPEATED = HEAD + """
others = spark.read.parquet(sys.argv[2])
person = table.filter("id = 7")
def ask(rows):
    print(rows.groupBy("label").count().collect(), rows.select("x").summary("mean").collect(), regression(rows, predictionCol="x"))
ask(person.crossJoin(spark.range(40).withColumnRenamed("id", "n")))
ask(person.join(others.withColumn("seven", F.lit(7)), F.col("seven") == person.id).select(person.x, person.label))
ask(table.join(others, "id").select(table.x, table.label))
ask(table.join(others, "id", "left").select(table.x, table.label))
ask(table.union(table))
ask(person.union(person).union(person).union(table))
ask(table.select("x", "label").union(spark.createDataFrame([(1.0, 1.0)] * 40, ["x", "label"])))
ask(person.select("x", "label").unionByName(others.select("x", "label")).unionByName(person.select("x", "label")))
# Whose rows they were that chose these, groups don't say.
ask(table.join(others.groupBy("id").count(), "id", "left_semi"))
ask(table.join(spark.createDataFrame([(n,) for n in range(100)], ["id"]), "id", "left_anti"))
"""

# One row that the plan makes many of is one row still.
COPIED = HEAD + """
table.createOrReplaceTempView("points")
person = table.filter("id = 7").select("x", "y", "label")
forty = F.array_repeat(F.lit(1), 40)
def ask(rows):
    print(rows.count(), rows.groupBy("label").count().collect(), rows.select("x").summary("mean").collect(), regression(rows, predictionCol="x"))
ask(person.withColumn("n", F.explode(forty)))
ask(person.select("x", "label", F.posexplode_outer(forty)).filter("pos > 0"))
ask(person.select("x", "label", F.inline(F.array_repeat(F.struct(F.lit(1)), 40))))
ask(person.select("x", "label", F.stack(F.lit(40), *[F.lit(n) for n in range(40)])))
ask(person.select("x", "label", *[F.lit(n).alias(f"c{n}") for n in range(40)]).unpivot(["x", "label"], None, "c", "n"))
ask(person.sample(True, 35.0, 1))
ask(spark.sql("SELECT x, label FROM points LATERAL VIEW explode(array_repeat(1, 40)) t AS n WHERE id = 7"))
# What all rows became, too: how often each is there nobody says.
ask(table.select("x", "label", F.explode(F.array_repeat(F.lit(1), F.when(F.col("id") == 7, 40).otherwise(1)))))
print(person.select("label", F.explode(forty)).rollup("label").count().orderBy("count", "label").collect())
print(person.select("label", F.explode(forty)).groupBy().pivot("label", [0.0, 1.0]).count().collect())
"""

COPIED_AND_WRITTEN = HEAD + """
person = table.filter("id = 7").select("x", "label", F.explode(F.array_repeat(F.lit(1), 40)).alias("n"))
person.write.parquet(sys.argv[2] + "/copied")
again = spark.read.parquet(sys.argv[2] + "/copied")
print(again.count(), again.groupBy("label").count().collect(), regression(again, predictionCol="x"))
"""

# Rows that others chose, rows of two owners, rows in another order: each once.
ONCE = HEAD + """
others = spark.read.parquet(sys.argv[2])
print(table.join(others.filter("id < 150"), "id", "left_semi").groupBy("label").count().collect())
print(table.join(others.filter("id < 150"), "id", "left_anti").select("x").summary("mean").collect())
print(table.union(others).groupBy("label").count().collect())
print(table.orderBy("x").distinct().select("x").summary("mean").collect())
"""


def test_rows_that_a_join_repeats_stay_inside(d):
    exact = baseline(d, REPEATED, d.path, d.others, base=d.both)
    under(d, d.both, kinds=ALL)
    record = Record(d.record)
    record.questions()
    done = d.run(REPEATED, d.path, d.others)
    assert done.stdout == exact
    assert record.questions() == [] and d.releases()[0] == []


def test_a_row_that_the_plan_made_many_stays_inside(d):
    exact = baseline(d, COPIED, d.path)
    assert exact.count("40 ") >= 5
    under(d, kinds=ALL)
    record = Record(d.record)
    record.questions()
    done = d.run(COPIED, d.path)
    assert done.stdout == exact
    assert record.questions() == [] and d.releases()[0] == []


def test_nor_is_it_many_once_it_was_written(d):
    under(d, kinds=ALL)
    record = Record(d.record)
    record.questions()
    done = d.run(COPIED_AND_WRITTEN, d.path, d.out)
    assert done.stdout.startswith("40 ")
    assert record.questions() == [] and d.releases()[0] == []


def test_rows_that_others_chose_are_paid_for_by_both(d):
    exact = baseline(d, ONCE, d.path, d.others, base=d.both)
    under(d, d.both, kinds=ALL)
    done = d.run(ONCE, d.path, d.others)
    assert done.stdout == exact
    released = d.releases()[0]
    assert [one["statistic"].rpartition(".")[2] for one in released] == ["count", "mean", "count", "mean"]
    payers = [len({paid["id"] for paid in one["data_sets"]}) for one in released]
    assert payers == [2, 2, 2, 1]
    assert [one["rows"] for one in released] == [150, 150, 2 * ROWS, ROWS]


LATER = HEAD + """
print(table.groupBy("label").count().collect())
"""


def test_a_row_that_was_appended_twenty_times_is_one_row(d):
    under(d, kinds=ALL)
    record = Record(d.record)
    record.questions()
    done = d.run(APPEND, d.path, d.out)
    assert done.stdout.startswith("20 ") and "count=20" in done.stdout and "count=40" in done.stdout
    assert record.questions() == [] and d.releases()[0] == []


def test_written_rows_are_paid_for_by_their_origin_in_any_session(d):
    under(d, kinds=ALL)
    d.run(WRITE, d.path, d.out)
    ids = {line.split('"')[1] for line in d.base.splitlines() if line.startswith("id = ")}
    (released,) = d.releases()[0]  # the mean of a column that a job wrote stays inside
    assert released["statistic"] == "groupBy.count" and released["rows"] == 200
    assert {one["id"] for one in released["data_sets"]} == ids and len(ids) == 2
    # Another session, and another copy: still the points' budget.
    d.run(LATER, d.out / "copy_of_copy")
    later = d.releases()[0]
    assert [{one["id"] for one in release["data_sets"]} for release in later] == [ids]
    points = origin(d)
    spent = [next(one["budget_spent"] for one in release["data_sets"] if one["id"] == points) for release in (released, later[0])]
    assert spent[1] == spent[0] + 2
    # Where the Manifest doesn't list the points, nobody could pay.
    alone = d.folder / "alone.toml"
    d.write_manifest(write=[d.out], out=alone)
    alone.write_text(partitioned(alone.read_text(), kinds=ALL))
    refused = d.run(LATER, d.out / "copy_of_copy", manifest=alone, check=False)
    assert refused.returncode != 0 and "SOTERIA.NOT_IN_MANIFEST" in refused.stderr
    assert f'add [[read]] with its path and id = "{points}"' in refused.stderr
    assert d.releases()[0] == []


def origin(d):
    report = json.loads(d.cli("ledger", "--json").stdout)
    entries = [one for session in report["sessions"] for one in session["entries"] if one["kind"] == "read"]
    return next(one["id"] for one in entries if one["path"].endswith("points"))
