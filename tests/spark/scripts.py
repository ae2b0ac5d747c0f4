"""PySpark scripts of the tests. Numbers are printed as the bits they are. The last argument of a script that `begin` starts is
a folder of signals: `at` says there that the script has come so far, `wait` waits for a file of the test's.
"""

HEAD = """
import json, pathlib, sys, time
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])

def at(name):
    (pathlib.Path(sys.argv[2]) / name).touch()

def told(name):
    return (pathlib.Path(sys.argv[2]) / name).exists()

def wait(name):
    while not told(name):
        time.sleep(0.01)

def bits(values):
    return [float(value).hex() for value in values]

data = VectorAssembler(inputCols=["x", "y", "z"], outputCol="features").transform(table)

def fit(iterations=12):
    model = LogisticRegression(maxIter=iterations, regParam=0.01).fit(data)
    return json.dumps([model.summary.totalIterations, bits(model.coefficients.toArray()), model.intercept.hex(),
                       bits(model.summary.objectiveHistory)])

def rows(frame):
    return json.dumps([[row.id, *bits([row.x, row.y, row.z])] for row in frame.collect()])
"""

# What there is to compare: a fit, predictions, rows in their order, a shuffle, aggregates.
ALL = HEAD + """
print(fit())
scored = LogisticRegression(maxIter=12, regParam=0.01).fit(data).transform(data)
print(json.dumps([[row.id, *bits(row.probability), *bits(row.rawPrediction)] for row in scored.collect()]))
print(rows(table), rows(table.repartition(3)), rows(table.limit(50)))
print(bits(table.agg(F.sum("x"), F.avg("y"), F.stddev("z"), F.max("label")).first()))
"""

FIT = HEAD + "print(fit())\n"

# Fits until the test says that what it does is done, and once more; prints the different results, which must be one.
FITS = HEAD + """
results = {fit()}
at("fitting")
last = False
while not last:
    last = told("done")
    results.add(fit())
print("\\n".join(sorted(results)))
"""

FITS_FOR_EVER = FITS.replace('told("done")', "False")

# Evaluates until the test says that what it does is done, and once more; prints the different values, which must be one.
EVALUATES = HEAD + """
from pyspark.ml.evaluation import RegressionEvaluator

def value():
    return RegressionEvaluator(predictionCol="x").evaluate(table).hex()

results = {value()}
at("answered")
last = False
while not last:
    last = told("done")
    results.add(value())
print("\\n".join(sorted(results)))
"""

EVALUATE = EVALUATES[:EVALUATES.index("results")] + "print(value())\n"

# Kept blocks, one of them behind a shuffle, and a checkpoint of a checkpoint; an executor is lost while nothing runs; the same
# actions again. Before that it keeps all executors busy until it is told to go on.
KEPT = HEAD + """
def act(frame):
    return [rows(frame), bits(frame.agg(F.sum("x"), F.stddev("y")).first()), frame.filter(frame.z > 0).count()]

at("begun")
while not told("keep"):
    table.repartition(5).count()
kept = table.withColumn("x", F.col("x") * 3.0).persist()
shuffled = table.repartition(6).withColumn("y", F.col("y") + 1.0).persist()
checked = table.repartition(4).withColumn("z", F.col("z") - 1.0).localCheckpoint().repartition(3).localCheckpoint()
before = [act(kept), act(shuffled), act(checked)]
at("kept")
wait("go")
assert [act(kept), act(shuffled), act(checked)] == before, "other numbers"
print(json.dumps(before))
"""

# An action that the script itself takes back while it runs, and another one after it.
INTERRUPTED = HEAD + """
import threading
said = []

def take_back():
    wait("interrupt")
    while not said:  # between two actions there is nothing to interrupt
        spark.interruptAll()
        time.sleep(0.05)

other = threading.Thread(target=take_back)
other.start()
while not said:
    try:
        fit()
        at("fitting")
    except Exception as error:
        said.append(str(error))
other.join()
assert "OPERATION_CANCELED" in said[0], said
at("interrupted")
wait("go")
print(fit())
"""

# Division by zero in one partition of four.
DIVIDES = HEAD + """
try:
    table.select((F.col("id") / (F.col("id") - 5)).alias("quotient")).collect()
except Exception as error:
    print(type(error).__name__, error.getCondition())
print(fit())
"""

# Aggregates of more and more tasks, until the messages of one have shown several steps.
PROGRESS = HEAD + """
seen = {}

def show(stages, inflight_tasks, operation_id, done):
    seen.setdefault(operation_id, []).append(None if done else sum(stage.num_completed_tasks for stage in stages))

spark.registerProgressHandler(show)
partitions = 250
while not any(len(set(steps)) > 3 for steps in seen.values()):
    assert table.repartition(partitions).agg(F.count("*")).first()[0] == 400
    partitions *= 2
for steps in seen.values():
    assert steps[-1] is None and steps[:-1] == sorted(steps[:-1]), steps
print("moved")
"""

# The same for fits, whose stages are many and short. Powers of what is measured make one take its time.
PROGRESS_OF_A_FIT = HEAD + """
seen = {}

def show(stages, inflight_tasks, operation_id, done):
    if not done:
        step = sum(stage.num_completed_tasks for stage in stages), sum(stage.num_tasks for stage in stages)
        seen.setdefault(operation_id, []).append(step)

import itertools
terms = [" * ".join(term) for degree in (1, 2, 3, 4) for term in itertools.combinations_with_replacement("xyz", degree)]
names = [f"term{number}" for number in range(len(terms))]
powers = VectorAssembler(inputCols=names, outputCol="features").transform(
    table.selectExpr("label", *(f"{term} as {name}" for term, name in zip(terms, names))))
spark.registerProgressHandler(show)
longest = []
while len(set(longest)) < 4:
    LogisticRegression(maxIter=100, tol=0.0, standardization=False).fit(powers)
    longest = max(seen.values(), key=len, default=[])
for steps in seen.values():
    assert steps == sorted(steps), steps
    assert all(0 <= done <= total for done, total in steps), steps
assert len({done / total for done, total in longest}) >= 4, longest
print("moved")
"""

# More rows than the enclaves have room for, behind a shuffle, and a fit on them.
SPILLS = HEAD + """
mixed = table.repartition(16).persist()
print(mixed.count(), bits(mixed.agg(F.sum("x"), F.avg("y")).first()))
at("spilled")
wait("go")
data = VectorAssembler(inputCols=["x", "y", "z"], outputCol="features").transform(mixed)
print(fit(3))
print(bits(mixed.agg(F.sum("x"), F.avg("y"), F.max("z")).first()))
"""
