"""Recommends films to people by what they and others liked: ordinary PySpark, nothing of Soteria in it.

    python movie_recommendations.py DATA MODEL

DATA is a Parquet table of ratings: `user`, `movie` and `stars`. MODEL is where the fitted model
goes. Where it runs is the environment's business (SPARK_REMOTE).
"""

import sys

from pyspark.ml.evaluation import RegressionEvaluator
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

data, model_path = sys.argv[1:3]
spark = SparkSession.builder.appName("movie-recommendations").getOrCreate()

ratings = spark.read.parquet(data)
people, films = ratings.groupBy("user").count(), ratings.groupBy("movie").count()
print(f"{ratings.count()} ratings by {people.count()} people of {films.count()} films")
for stars, count in sorted(ratings.groupBy("stars").count().collect()):
    print(f"  {stars} stars: {count}")

train, test = ratings.randomSplit([0.8, 0.2], seed=42)
als = ALS(rank=8, maxIter=5, regParam=0.1, userCol="user", itemCol="movie", ratingCol="stars", numUserBlocks=4,
          numItemBlocks=4, seed=1, coldStartStrategy="drop")
model = als.fit(train)
print(f"{model.userFactors.count()} people and {model.itemFactors.count()} films have {model.rank} factors each")

error = RegressionEvaluator(metricName="rmse", labelCol="stars", predictionCol="prediction")
mean = train.select(F.avg("stars")).first()[0]
guessed = test.withColumn("prediction", F.lit(mean))
print(f"error on ratings it hasn't seen: {error.evaluate(model.transform(test)):.4f}; of the mean, "
      f"{error.evaluate(guessed):.4f}")

print("three films for each of the first people:")
for row in sorted(model.recommendForAllUsers(3).collect())[:5]:
    print(f"  {row.user:3}: " + ", ".join(f"film {film.movie} ({film.rating:.2f})" for film in row.recommendations))
fans = test.filter(F.col("movie") == 10)
print("the two likeliest fans of film 10:")
for row in model.recommendForItemSubset(fans, 2).collect():
    print("  " + ", ".join(f"{fan.user} ({fan.rating:.2f})" for fan in row.recommendations))

model.write().overwrite().save(model_path)
again = ALSModel.load(model_path)
same = again.transform(test).filter(F.abs(F.col("prediction") - F.col("stars")) < 1).count()
print(f"model saved to {model_path}; loaded again, it is less than a star off in {same} of {test.count()} ratings")

spark.stop()
