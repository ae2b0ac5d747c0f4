#include "src/ml/lda/driver.h"

#include <string>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/ml/lda/em.h"
#include "src/ml/lda/em_kernels.h"
#include "src/ml/lda/kernels.h"
#include "src/ml/lda/model.h"
#include "src/ml/lda/online.h"
#include "src/ml/lda/params.h"
#include "src/ml/lda/persistence.h"

namespace soteria::ml {

base::Status Lda::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckLdaInput(params_, input));
  if (ByEm(params_) && params_.Int("maxIter") > kEmIterationsMax) {
    return base::NotSupported(
        base::Cat("LDA by the optimizer \"em\" with maxIter above ", kEmIterationsMax));
  }
  return CheckLdaPriors(params_);
}

std::optional<table::FeatureColumns> Lda::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("featuresCol");
  return columns;
}

base::StatusOr<FitResult> Lda::Fit(Work& work) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(CorpusKernel()));
  SOTERIA_ASSIGN_OR_RETURN(const Corpus corpus, CorpusKernel::Result(partial));
  const bool em = ByEm(params_);
  if (corpus.documents == 0) {
    return base::Fail(base::kUnsupported, em ? "head of empty array" : "empty collection");
  }
  if (corpus.terms == 0) {
    return base::Fail(base::kIllegalArgument, "LDA: the documents have no terms");
  }
  const auto k = static_cast<uint64_t>(params_.Int("k"));
  if (k * corpus.terms > kTopicEntriesMax) {
    return base::Fail(base::kMemoryLimit, base::Cat("LDA takes at most ", kTopicEntriesMax,
                                                    " numbers of k topics by as many terms here"));
  }
  LdaData data;
  if (em) {
    SOTERIA_ASSIGN_OR_RETURN(data, FitEm(params_, corpus.terms, work));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(data, FitOnline(params_, corpus.documents, corpus.terms, work));
  }
  SOTERIA_ASSIGN_OR_RETURN(Params params,
                           params_.CopyTo(em ? DistributedLdaModelInfo() : LocalLdaModelInfo()));
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(result.model, LdaModel::Make(std::move(params), std::move(data)));
  return result;
}

Algorithm LdaAlgorithm() {
  Algorithm algorithm =
      FittingAlgorithm<Lda, LdaModel>(LdaInfo(), LocalLdaModelInfo(), SaveLda, LoadLda);
  ClassEntry distributed;
  distributed.info = &DistributedLdaModelInfo();
  distributed.decode = LdaModel::Decode;
  distributed.save = SaveDistributedLda;
  distributed.load = LoadDistributedLda;
  algorithm.classes.push_back(distributed);
  algorithm.kernels = {{CorpusKernel::kKind, CorpusKernel::Decode},
                       {BatchKernel::kKind, BatchKernel::Decode},
                       {BoundKernel::kKind, BoundKernel::Decode},
                       {EmStartKernel::kKind, EmStartKernel::Decode},
                       {EmKernel::kKind, EmKernel::Decode},
                       {EmLikelihoodKernel::kKind, EmLikelihoodKernel::Decode}};
  algorithm.steps = {{EmStartStep::kKind, EmStartStep::Decode}, {EmStep::kKind, EmStep::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
