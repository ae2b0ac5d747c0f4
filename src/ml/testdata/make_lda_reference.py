"""Makes lda_reference.json: what stock Spark 4.3's LDA answers, and the draws that it starts from.

Run: python make_lda_reference.py   (needs Java 17, pyspark 4.3)
The documents are those of `documents` below, which lda_test.cc makes too, in as many partitions as a case says.
"""
import json
import os
import sys

from pyspark.ml.clustering import LDA
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

from seeded_rows import Sequence

HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARY = 12

ONLINE = {
    "default": ({"k": 3, "seed": 1}, 1),
    "parts5": ({"k": 4, "seed": 7, "maxIter": 10, "subsamplingRate": 0.3}, 5),
    "parts8_all": ({"k": 3, "seed": -12345678901, "maxIter": 5, "subsamplingRate": 1.0, "optimizeDocConcentration": False}, 8),
    "half": ({"k": 2, "seed": 3, "maxIter": 6, "subsamplingRate": 0.5}, 3),
    "fixed": ({"k": 3, "seed": 5, "maxIter": 8, "subsamplingRate": 0.4, "docConcentration": [0.3], "topicConcentration": 0.2,
               "learningOffset": 10.0, "learningDecay": 0.7, "optimizeDocConcentration": False}, 2),
    "asymmetric": ({"k": 3, "seed": 5, "maxIter": 4, "subsamplingRate": 0.9, "docConcentration": [0.1, 1.5, 4.0]}, 2),
    "start": ({"k": 5, "seed": 11, "maxIter": 0}, 2),
    "empty_batches": ({"k": 3, "seed": 2, "maxIter": 12, "subsamplingRate": 0.01}, 4),
}
EM = {
    "default": ({"k": 3, "seed": 1, "optimizer": "em"}, 1),
    "parts5": ({"k": 4, "seed": 7, "maxIter": 5, "optimizer": "em"}, 5),
    "given": ({"k": 2, "seed": -9, "maxIter": 8, "docConcentration": [1.7], "topicConcentration": 1.3, "optimizer": "em"}, 3),
    "start": ({"k": 3, "seed": 4, "maxIter": 0, "optimizer": "em"}, 2),
}


def documents():
    """Sixty of them: term counts of one of three kinds of text, some without any term."""
    random = Sequence(19)
    made = []
    for i in range(60):
        counts = []
        for term in range(VOCABULARY):
            often = term % 3 == i % 3
            counts.append(float(random.below(9 if often else 2)))
        made.append([0.0] * VOCABULARY if i % 13 == 5 else counts)
    return made


def main():
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "1").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    jvm = spark.sparkContext._jvm
    twister = jvm.org.apache.commons.math3.random.MersenneTwister(-98765432101)
    special = jvm.org.apache.commons.math3.special.Gamma
    points = [1e-7, 1e-5, 0.003, 0.1, 0.5, 1.0, 2.25, 7.5, 11.0, 30.0, 48.5, 49.0, 60.0, 1e3, 1e6]
    out = {"vocabulary": VOCABULARY, "online": {}, "em": {},
           "doubles": [twister.nextDouble() for _ in range(700)][-5:], "gaussians": [twister.nextGaussian() for _ in range(6)],
           "points": points, "digamma": [special.digamma(x) for x in points], "trigamma": [special.trigamma(x) for x in points],
           "lgamma": [special.logGamma(x) for x in points]}
    rows = [(Vectors.dense(counts),) for counts in documents()]
    for optimizer, cases in (("online", ONLINE), ("em", EM)):
        for name, (params, partitions) in cases.items():
            df = spark.createDataFrame(spark.sparkContext.parallelize(rows, partitions), ["features"]).cache()
            model = LDA(**params).fit(df)
            case = {"params": params, "partitions": df.rdd.glom().map(len).collect(), "vocabSize": model.vocabSize(),
                    "topics": model.topicsMatrix().toArray().T.tolist(), "alpha": model.estimatedDocConcentration().tolist(),
                    "describe": [[r.termIndices, r.termWeights] for r in model.describeTopics(4).collect()]}
            local = model
            if optimizer == "em":
                case["trainingLogLikelihood"] = model.trainingLogLikelihood()
                case["logPrior"] = model.logPrior()
                local = model.toLocal()
            case["logLikelihood"] = local.logLikelihood(df)
            case["logPerplexity"] = local.logPerplexity(df)
            case["transform"] = [r.topicDistribution.tolist() for r in local.transform(df).select("topicDistribution").head(8)]
            out[optimizer][name] = case
    with open(os.path.join(HERE, "lda_reference.json"), "w") as f:
        json.dump(out, f)
        f.write("\n")
    spark.stop()


if __name__ == "__main__":
    main()
