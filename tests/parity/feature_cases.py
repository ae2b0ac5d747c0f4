"""Cases about the stages that scripts put before an algorithm: indexers, encoders, scalers, words."""

from __future__ import annotations

from pyspark.ml import Pipeline
from pyspark.ml.feature import (IDF, Bucketizer, CountVectorizer, HashingTF, Imputer, IndexToString, MaxAbsScaler, MinMaxScaler, NGram,
                                Normalizer, OneHotEncoder, RegexTokenizer, StopWordsRemover, StringIndexer, StringIndexerModel, Tokenizer,
                                VectorAssembler, VectorIndexer)
from pyspark.sql import functions as F

from recorder import Scene, add

INFINITY = float("inf")


def metadata(table, column):
    return table.schema[column].metadata


def indexed(s: Scene, invalid: str = "keep"):
    table = s.table("mixed")
    model = StringIndexer(inputCols=["s", "i"], outputCols=["si", "ii"], handleInvalid=invalid).fit(table)
    return model, model.transform(table)


def vectors(s: Scene):
    table = s.table("patients1")
    columns = [name for name in table.columns if name.startswith("mean")]
    return VectorAssembler(inputCols=columns, outputCol="v").transform(table).select("row", "v")


def words(s: Scene):
    table = s.table("mixed").select("k", F.concat(F.lit("The Quick "), F.coalesce("s", F.lit("x  y")), F.lit(" "), F.coalesce("n", F.lit("")),
                                                    F.lit(" jumps over THE dog")).alias("text"))
    return Tokenizer(inputCol="text", outputCol="words").transform(table)


def string_indexer(s: Scene):
    model, out = indexed(s)
    return [model.labelsArray, metadata(out, "si"), metadata(out, "ii"), out.select("si", "ii").collect()]


def index_to_string(s: Scene):
    _, out = indexed(s)
    return IndexToString(inputCol="si", outputCol="back").transform(out).select("back").collect()


def one_hot(s: Scene):
    _, out = indexed(s)
    model = OneHotEncoder(inputCols=["si", "ii"], outputCols=["sv", "iv"]).fit(out)
    encoded = model.transform(out)
    return [list(model.categorySizes), metadata(encoded, "sv"), encoded.select("sv", "iv").collect()]


def from_labels(s: Scene):
    model = StringIndexerModel.from_labels(["b", "a", "c"], inputCol="s", outputCol="si", handleInvalid="keep")
    return model.transform(s.table("mixed")).select("si").collect()


def scalers(s: Scene):
    table = vectors(s)
    models = [stage.fit(table) for stage in (MinMaxScaler(inputCol="v", outputCol="a", min=-1.0), MaxAbsScaler(inputCol="v", outputCol="b"))]
    out = Normalizer(inputCol="v", outputCol="c", p=3.0).transform(models[1].transform(models[0].transform(table)))
    return [models[0].originalMin, models[0].originalMax, models[1].maxAbs, out.limit(9).collect()]


def bucketizer(s: Scene):
    stage = Bucketizer(splitsArray=[[-INFINITY, 0.0, 2.0, INFINITY], [-9.0, 0.0, 3.0, 9.0]], inputCols=["d", "i"], outputCols=["bx", "by"],
                       handleInvalid="keep")
    out = stage.transform(s.table("mixed"))
    return [stage.getSplitsArray(), metadata(out, "bx"), out.select("bx", "by").collect()]


def imputer(s: Scene):
    found = []
    for strategy in ("mean", "median", "mode"):
        model = Imputer(strategy=strategy, inputCols=["i", "f"], outputCols=["sx", "sy"]).fit(s.table("mixed"))
        found += [model.surrogateDF.collect(), model.transform(s.table("mixed")).select("sx", "sy").collect()]
    return found


def vector_indexer(s: Scene):
    table = VectorAssembler(inputCols=["k", "x"], outputCol="v").transform(s.table("mixed").selectExpr("k", "k % 4 - 1 as x"))
    model = VectorIndexer(inputCol="v", outputCol="o", maxCategories=5).fit(table)
    out = model.transform(table)
    return [model.numFeatures, model.categoryMaps, out.select("o").collect()]


def words_as_shown(s: Scene):
    return [words(s).select("words").collect(), words(s).schema.json()]


def regex_tokenizer(s: Scene):
    stage = RegexTokenizer(inputCol="text", outputCol="o", pattern="[^a-z0-9]+", minTokenLength=2)
    return stage.transform(words(s)).select("o").collect()


def n_grams_without_stop_words(s: Scene):
    out = StopWordsRemover(inputCol="words", outputCol="left").transform(words(s))
    return NGram(inputCol="left", outputCol="o", n=3).transform(out).select("left", "o").collect()


def term_frequencies(s: Scene):
    hashed = HashingTF(inputCol="words", outputCol="h", numFeatures=50).transform(words(s))
    model = IDF(inputCol="h", outputCol="o", minDocFreq=2).fit(hashed)
    return [model.idf, list(model.docFreq), model.numDocs, model.transform(hashed).select("h", "o").collect()]


def vocabulary(s: Scene):
    model = CountVectorizer(inputCol="words", outputCol="o", minDF=2.0, vocabSize=8).fit(words(s))
    return [model.vocabulary, model.transform(words(s)).select("o").collect()]


def feature_pipeline(s: Scene):
    """Saved and loaded where it was fitted. Without the empty text, which the assembler can't name an attribute after."""
    table = s.table("mixed").filter("s is null or s != ''")
    pipeline = Pipeline(stages=[StringIndexer(inputCol="s", outputCol="si", handleInvalid="keep"), OneHotEncoder(inputCol="si", outputCol="sv"),
                                Imputer(inputCol="f", outputCol="y"), VectorAssembler(inputCols=["sv", "y"], outputCol="v"),
                                MinMaxScaler(inputCol="v", outputCol="o")])
    model = pipeline.fit(table)
    model.write().overwrite().save(f"{s.output}/features")
    return type(model).load(f"{s.output}/features").transform(table).select("si", "o").collect()


def repeated_labels(s: Scene):
    model = StringIndexerModel.from_labels(["a", "b", "a"], inputCol="s", outputCol="si", handleInvalid="keep")
    return model.transform(s.table("mixed")).select("si").collect()


def java_order(s: Scene):
    table = s.table("mixed").limit(1).selectExpr("array('\uff5e', '\U0001f600', 'z', '\ue000', '\u00e9', '\ud7ff', 'zz') as words")
    return CountVectorizer(inputCol="words", outputCol="o").fit(table).vocabulary


def null_words(s: Scene):
    table = s.table("mixed").selectExpr("array('a', 'b', if(k = 1, cast(null as string), 'c')) as words")
    model = CountVectorizer(inputCol="words", outputCol="o", minDF=2.0).fit(table)
    return [model.vocabulary, model.transform(table).select("o").collect()]


def quantifiers(s: Scene):
    table = s.table("mixed").limit(1).selectExpr("'foo boo ooo o' as text")
    found = []
    for pattern in ("o{2}", "o{2,}", "o{1,2}?", "o{0}", "{2}", "^*", "^+", "^*o", "o{1}{2}", "(o|x){1,2}?", "o{2}}", "(o*)*", "a|", "\\A*"):
        for gaps in (True, False):
            stage = RegexTokenizer(inputCol="text", outputCol="o", pattern=pattern, gaps=gaps, minTokenLength=0)
            found.append([pattern, stage.transform(table).select("o").collect()])
    return found


def two_zeros(s: Scene):
    table = s.table("mixed").selectExpr("k", "case k % 3 when 0 then 0.0d when 1 then -0.0d else 2.0d end as x", "if(k % 2 = 0, -0.0d, 2.0d) as y")
    table = VectorAssembler(inputCols=["x", "y"], outputCol="v").transform(table)
    model = VectorIndexer(inputCol="v", outputCol="o", handleInvalid="keep").fit(table)
    return [model.categoryMaps, model.transform(table).select("o").collect()]


for run in (repeated_labels, java_order, null_words, quantifiers, two_zeros, string_indexer, index_to_string, one_hot, from_labels, scalers, bucketizer,
            imputer, vector_indexer, words_as_shown, regex_tokenizer, n_grams_without_stop_words, term_frequencies, vocabulary, feature_pipeline):
    add(f"feature {run.__name__}", run, rel=1e-9, least=1e-12)

ERRORS = {
    "indexer of nothing": lambda t: StringIndexer(inputCol="nothing", outputCol="new").fit(t),
    "indexer without columns": lambda t: StringIndexer(outputCol="new").fit(t),
    "indexer of nulls": lambda t: StringIndexer(inputCol="s", outputCol="new").fit(t).transform(t).collect(),
    "encoder of text": lambda t: OneHotEncoder(inputCol="s", outputCol="new").fit(t),
    "encoder of fractions": lambda t: OneHotEncoder(inputCol="x", outputCol="new").fit(t),
    "buckets out of order": lambda t: Bucketizer(inputCol="x", outputCol="new", splits=[0.0, 2.0, 1.0]).transform(t),
    "buckets without splits": lambda t: Bucketizer(inputCol="x", outputCol="new").transform(t),
    "imputer of text": lambda t: Imputer(inputCol="s", outputCol="new").fit(t),
    "tokenizer of numbers": lambda t: Tokenizer(inputCol="x", outputCol="new").transform(t),
    "output exists": lambda t: Tokenizer(inputCol="s", outputCol="x").transform(t),
    "words of which null ties with one": lambda t: CountVectorizer(inputCol="w", outputCol="new").fit(t.limit(1).selectExpr("array('a', null) w")),
    "a quantifier of three counts": lambda t: RegexTokenizer(inputCol="s", outputCol="new", pattern="o{1,2,3}").transform(t),
    "a quantifier of counts that descend": lambda t: RegexTokenizer(inputCol="s", outputCol="new", pattern="o{3,2}").transform(t),
    "stop words of a language that isn't": lambda t: StopWordsRemover.loadDefaultStopWords("klingon"),
}
for name, run in ERRORS.items():
    add(f"feature error {name}", lambda s, run=run: run(s.table("mixed")))
