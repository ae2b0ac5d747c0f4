"""Cases about recommendations: ALS on ratings of films, and metrics of rankings."""

from __future__ import annotations

from pyspark.ml.evaluation import RankingEvaluator, RegressionEvaluator
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import functions as F

from recorder import Scene, add, case

FACTORS = 2e-5  # relative; they are floats
VARIANTS = {
    "explicit": {}, "implicit": {"implicitPrefs": True, "alpha": 2.0}, "nonnegative": {"nonnegative": True},
    "blocks": {"numUserBlocks": 3, "numItemBlocks": 2, "rank": 6, "regParam": 0.5}, "no iterations": {"maxIter": 0},
}
RANKINGS = [([1.0, 6.0, 2.0, 7.0, 8.0, 3.0, 9.0, 10.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0]),
            ([4.0, 1.0, 5.0, 6.0, 2.0, 7.0, 3.0, 8.0, 9.0, 10.0], [1.0, 2.0, 3.0]), ([1.0, 2.0, 3.0, 4.0, 5.0], []),
            ([1.0, 2.0], [2.0, 9.0, 8.0, 7.0]), ([], [1.0]), ([3.0, 3.0, 3.0], [3.0, 3.0])]


def fit(s: Scene, **params) -> ALSModel:
    params = {"rank": 4, "maxIter": 3, "seed": 1, "itemCol": "movie", "numUserBlocks": 2, "numItemBlocks": 2} | params
    return s.once(f"als {params}", lambda: ALS(**params).fit(s.table("ratings")))


def factors(model) -> dict:
    return {"users": sorted(model.userFactors.collect()), "items": sorted(model.itemFactors.collect()), "rank": model.rank,
            "schema": model.userFactors.schema.json()}


for _name, _params in VARIANTS.items():
    add(f"als {_name}", lambda s, p=_params: factors(fit(s, **p)), rel=FACTORS, least=0.1)


@case(rel=FACTORS, least=0.1)
def als_transform(s: Scene):
    model = fit(s)
    scored = model.transform(s.table("ratings").withColumn("user", F.col("user").cast("double")))
    fields = [[field.name, field.dataType.json(), field.nullable] for field in scored.schema]
    return {"schema": fields, "rows": sorted(scored.collect()), "rmse": RegressionEvaluator(labelCol="rating").evaluate(scored)}


@case(rel=FACTORS, least=0.1)
def als_cold_start(s: Scene):
    new = s.spark.createDataFrame([(0, 2), (500, 2), (1, 777), (3, 3)], "user int, movie int")
    model = fit(s)
    return {strategy: sorted(model.transform(new, {model.coldStartStrategy: strategy}).collect())
            for strategy in ("nan", "Drop")}


@case(rel=FACTORS, least=0.1)
def als_recommends(s: Scene):
    model = fit(s)
    some = s.spark.createDataFrame([(3,), (1,), (3,), (999,), (None,)], "user long")
    films = s.table("ratings").filter("rating = 5").select("movie", "rating")
    return {"users": sorted(model.recommendForAllUsers(3).collect()), "films": sorted(model.recommendForAllItems(2).collect()),
            "some": sorted(model.recommendForUserSubset(some, 4).collect()), "schema": model.recommendForAllUsers(1).schema.json(),
            "some films": sorted(model.recommendForItemSubset(films, 4).collect())}


@case(rel=FACTORS, least=0.1)
def als_saved(s: Scene):
    path = f"{s.output}/als"
    fit(s).write().overwrite().save(path)
    model = ALSModel.load(path)
    return {"factors": factors(model), "block": model.getBlockSize()}


_BAD = {"null": ("user int", None, 1.0), "null long": ("user long", None, 1.0), "fraction": ("user double", 1.5, 1.0),
        "large": ("user long", 3000000000, 1.0), "NaN": ("user double", float("nan"), 1.0), "text": ("user string", "a", 1.0),
        "null rating": ("user int", 1, None)}
for _name, (_user, _id, _rating) in _BAD.items():
    add(f"als of {_name}", lambda s, u=_user, i=_id, r=_rating: ALS(maxIter=1, rank=1).fit(
        s.spark.createDataFrame([(i, 1, r)], f"{u}, item int, rating double")).userFactors.count())


@case()
def als_of_nothing(s: Scene):
    return ALS(maxIter=1, itemCol="movie").fit(s.table("ratings").limit(0)).rank


@case()
def als_recommends_none(s: Scene):
    return fit(s).recommendForAllUsers(0).collect()


@case(rel=1e-12)
def rankings(s: Scene):
    df = s.spark.createDataFrame(RANKINGS, "prediction array<double>, label array<double>")
    metrics = ["meanAveragePrecision", "meanAveragePrecisionAtK", "precisionAtK", "ndcgAtK", "recallAtK"]
    return {f"{name} {k}": RankingEvaluator(metricName=name, k=k).evaluate(df) for name in metrics for k in (1, 3, 10)}


@case()
def rankings_of_numbers(s: Scene):
    return RankingEvaluator().evaluate(s.spark.createDataFrame([(1.0, 2.0)], "prediction double, label double"))
