"""Cases about LDA: topics by both optimizers, what their models say, and what is refused."""

from __future__ import annotations

from pyspark.ml.clustering import LDA, DistributedLDAModel, LocalLDAModel
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import functions as F

from recorder import Scene, add

TERMS = 9


def documents(s: Scene, name: str = "patients1", rows: int = 90):
    """Of one partition: the draws depend on the order of partitions. Counts of terms, and one row without any."""
    columns = [c for c in s.table(name).columns if c not in ("label", "row", "fold", "weight")][:TERMS]
    scale = [F.floor(F.col(c) * (0.01 if i in (2, 3) else 1.0 if i < 2 else 40.0)) for i, c in enumerate(columns)]
    counts = [F.when(F.col("row") == 7, 0.0).otherwise(count.cast("double")).alias(f"t{i}") for i, count in enumerate(scale)]
    chosen = s.table(name).filter(F.col("row") < rows).select("row", *counts)
    return VectorAssembler(inputCols=[f"t{i}" for i in range(TERMS)], outputCol="features").transform(chosen)


def says(model, data) -> dict:
    """What any of the models says."""
    scored = model.transform(data)
    return {"topics": model.topicsMatrix(), "terms": model.vocabSize(), "alpha": model.estimatedDocConcentration(),
            "distributed": model.isDistributed(), "described": model.describeTopics(3), "all": model.describeTopics().count(),
            "schema": scored.select("topicDistribution").schema.json(), "likelihood": model.logLikelihood(data),
            "perplexity": model.logPerplexity(data), "k": model.getK(), "text": str(model).split(":")[0],
            "rows": sorted([r.row, r.topicDistribution] for r in scored.select("row", "topicDistribution").collect())}


def online(s: Scene, **params):
    data = documents(s)
    model = LDA(seed=1, **params).fit(data)
    model.write().overwrite().save(f"{s.output}/lda")
    loaded = LocalLDAModel.load(f"{s.output}/lda")
    renamed = loaded.setTopicDistributionCol("topics").setSeed(5).setFeaturesCol("features")
    return {**says(model, data), "loaded": loaded.topicsMatrix() == model.topicsMatrix(), "perplexity of loaded": loaded.logPerplexity(data),
            "renamed": renamed.transform(data).columns, "few": model.logLikelihood(data.filter("row < 3"))}


def em(s: Scene, **params):
    data = documents(s)
    model = LDA(seed=1, optimizer="em", **params).fit(data)
    local = model.toLocal()
    local.write().overwrite().save(f"{s.output}/lda_em")
    loaded = LocalLDAModel.load(f"{s.output}/lda_em")
    return {**says(local, data), "class": isinstance(model, DistributedLDAModel), "of the distributed": model.topicsMatrix(),
            "is": model.isDistributed(), "described": [[r.topic, r.termIndices, r.termWeights] for r in model.describeTopics(3).collect()],
            "training": model.trainingLogLikelihood(), "prior": model.logPrior(), "files": model.getCheckpointFiles(),
            "loaded": loaded.topicsMatrix() == model.topicsMatrix(), "scored": model.transform(data).columns}


def params_saved(s: Scene):
    lda = LDA(k=4, docConcentration=[0.1, 0.2, 0.3, 0.4], topicConcentration=0.5, optimizer="em", keepLastCheckpoint=False)
    lda.write().overwrite().save(f"{s.output}/lda_params")
    loaded = LDA.load(f"{s.output}/lda_params")
    return {p.name: loaded.getOrDefault(p) for p in loaded.params if loaded.isSet(p)}


add("lda", lambda s: online(s, k=3, maxIter=10, subsamplingRate=0.3), rel=1e-6, least=1e-6)
add("lda default", lambda s: online(s), rel=1e-6, least=1e-6)
add("lda given priors", lambda s: online(s, k=2, maxIter=5, subsamplingRate=0.8, docConcentration=[0.3, 0.7], topicConcentration=0.2,
                                         optimizeDocConcentration=False, learningOffset=16.0, learningDecay=0.8), rel=1e-6, least=1e-6)
add("lda em", lambda s: em(s, k=3, maxIter=6), rel=1e-6, least=1e-6)
add("lda em given priors", lambda s: em(s, k=2, maxIter=4, docConcentration=[1.5], topicConcentration=1.2), rel=1e-6, least=1e-6)
add("lda params saved", params_saved)
add("lda priors of another length", lambda s: LDA(k=3, docConcentration=[0.1, 0.2]).fit(documents(s)))
add("lda em prior too small", lambda s: LDA(optimizer="em", docConcentration=[0.5]).fit(documents(s)))
add("lda of a number", lambda s: LDA(featuresCol="row").fit(documents(s)))
add("lda over a column that is there", lambda s: LDA(topicDistributionCol="row").fit(documents(s)))
add("lda no rows", lambda s: LDA().fit(documents(s).limit(0)))
add("lda of NaN", lambda s: LDA(maxIter=1).fit(VectorAssembler(inputCols=["x"], outputCol="features", handleInvalid="keep").transform(
    documents(s).select(F.lit(float("nan")).alias("x")))))
add("lda k of 1", lambda s: LDA(k=1).fit(documents(s)))
add("lda optimizer of none", lambda s: LDA(optimizer="gibbs").fit(documents(s)))
