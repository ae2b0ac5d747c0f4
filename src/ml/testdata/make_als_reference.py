"""Makes als_reference.json: what stock Spark 4.3 (classic, local[2]) makes of seeded ratings.

Run: python make_als_reference.py   (needs Java 17, pyspark 4.3)
The ratings are those of RatingsForTest in als_test.cc; ids and factors are in Spark's order.
"""
import json
import os

from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

HERE = os.path.dirname(os.path.abspath(__file__))

CASES = {
    "default": {"rank": 4, "maxIter": 3, "seed": 1},
    "start": {"rank": 4, "maxIter": 0, "seed": 7},
    "blocks": {"rank": 5, "maxIter": 2, "seed": 3, "numUserBlocks": 3, "numItemBlocks": 2},
    "implicit": {"rank": 4, "maxIter": 3, "seed": 1, "implicitPrefs": True, "alpha": 2.0},
    "nonnegative": {"rank": 4, "maxIter": 3, "seed": 1, "nonnegative": True},
    "implicit_nonnegative": {"rank": 3, "maxIter": 2, "seed": 5, "implicitPrefs": True, "nonnegative": True, "regParam": 0.5},
    "rank1": {"rank": 1, "maxIter": 2, "seed": 1, "regParam": 1.0},
    "rank13": {"rank": 13, "maxIter": 2, "seed": 11, "regParam": 0.3},
}


def ratings():
    for user in range(23):
        for item in range(17):
            if (user * 5 + item * 11 + user * item) % 3 == 0:
                yield user * 3 - 10, item * 7 - 20, ((user * 7 + item * 3 + user * item) % 11) / 2.0 - 1.0


def rows(factors):
    return [[r.id, *r.features] for r in factors.collect()]


def fit(df, params):
    model = ALS(**params).fit(df)
    out = {"params": params, "users": rows(model.userFactors), "items": rows(model.itemFactors)}
    if "rank" in params and params["rank"] == 5:
        recommended = model.recommendForAllUsers(3).collect()
        out["recommended"] = [[r.user, *[[p.item, p.rating] for p in r.recommendations]] for r in recommended]
        predicted = model.transform(df).orderBy("user", "item").limit(30).collect()
        out["predicted"] = [[r.user, r.item, r.prediction] for r in predicted]
    return out


def main():
    spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
             .config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "2").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    df = spark.createDataFrame(ratings(), "user int, item int, rating float").coalesce(2).cache()
    df.count()
    out = {name: fit(df, params) for name, params in CASES.items()}
    with open(os.path.join(HERE, "als_reference.json"), "w") as f:
        json.dump(out, f)
        f.write("\n")
    spark.stop()


if __name__ == "__main__":
    main()
