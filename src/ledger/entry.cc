#include "src/ledger/entry.h"

#include <utility>

#include "soteria/ledger.pb.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::ledger {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kBindingBytesMax = 64;  // nonce, exporter
constexpr std::string_view kSignatureTag = "soteria/1 ledger entry";

Status Refuse(std::string text) { return base::Fail(base::kIntegrity, std::move(text)); }

std::string Text(const base::Digest& digest) { return std::string(base::View(digest)); }

StatusOr<base::Digest> DigestOf(const std::string& bytes, std::string_view what) {
  StatusOr<base::Digest> digest = base::ToDigest(bytes);
  if (!digest.ok()) return Refuse(Cat("ledger entry: ", what));
  return digest;
}

// How many bytes the UTF-8 character at the front has; 0 if there is none (RFC 3629).
size_t Utf8Character(std::string_view text) {
  const auto byte = [text](size_t i) {
    return static_cast<uint8_t>(i < text.size() ? text[i] : 0);
  };
  const auto tail = [&byte](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && second < 0xa0,
               surrogate = first == 0xed && second > 0x9f;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && second < 0x90, beyond = first == 0xf4 && second > 0x8f;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

Status CheckBytes(const std::string& bytes, std::string_view what, size_t bytes_max) {
  if (bytes.size() <= bytes_max) return base::OkStatus();
  return Refuse(Cat("ledger entry: ", what, " is too long"));
}

Status CheckText(const std::string& text, std::string_view what) {
  SOTERIA_RETURN_IF_ERROR(CheckBytes(text, what, kTextBytesMax));
  for (std::string_view rest = text; !rest.empty();) {
    const size_t bytes = Utf8Character(rest);
    if (bytes == 0) return Refuse(Cat("ledger entry: ", what, " isn't UTF-8"));
    rest.remove_prefix(bytes);
  }
  return base::OkStatus();
}

// Each kind of event to its message and back. The setters can't fail: limits are checked on the way
// back, which SignEntry takes as well.

void Set(const Head& head, pb::Body* body) {
  pb::Head* out = body->mutable_head();
  out->set_manifest(Text(head.manifest));
  out->set_task(head.task);
  out->set_evidence(head.evidence);
  out->set_nonce(head.nonce);
  out->set_exporter(head.exporter);
  out->set_identity(head.identity);
  out->set_build(head.build);
  out->set_version(head.version);
}

StatusOr<Event> Get(const pb::Head& in) {
  Head head;
  SOTERIA_ASSIGN_OR_RETURN(head.manifest, DigestOf(in.manifest(), "manifest"));
  SOTERIA_RETURN_IF_ERROR(CheckText(in.task(), "task"));
  SOTERIA_RETURN_IF_ERROR(CheckBytes(in.evidence(), "evidence", kEvidenceBytesMax));
  SOTERIA_RETURN_IF_ERROR(CheckBytes(in.nonce(), "nonce", kBindingBytesMax));
  SOTERIA_RETURN_IF_ERROR(CheckBytes(in.exporter(), "exporter", kBindingBytesMax));
  SOTERIA_RETURN_IF_ERROR(CheckBytes(in.identity(), "identity", crypto::kPublicKeyDerBytesMax));
  SOTERIA_RETURN_IF_ERROR(CheckText(in.build(), "build"));
  SOTERIA_RETURN_IF_ERROR(CheckText(in.version(), "version"));
  head.task = in.task();
  head.evidence = in.evidence();
  head.nonce = in.nonce();
  head.exporter = in.exporter();
  head.identity = in.identity();
  head.build = in.build();
  head.version = in.version();
  return head;
}

void Set(const Access& access, pb::Body* body) {
  pb::Access* out = body->mutable_access();
  out->set_mode(static_cast<pb::Access::Mode>(access.mode));
  out->set_path(access.path);
  out->set_id(access.id);
  out->set_version(access.version);
  out->set_index(Text(access.index));
}

StatusOr<Event> Get(const pb::Access& in) {
  Access access;
  if (in.mode() != pb::Access::READ && in.mode() != pb::Access::WRITE) {
    return Refuse("ledger entry: mode");
  }
  access.mode = static_cast<Access::Mode>(in.mode());
  SOTERIA_RETURN_IF_ERROR(CheckText(in.path(), "path"));
  access.path = in.path();
  if (in.id().size() != kIdBytes) return Refuse("ledger entry: id");
  access.id = in.id();
  access.version = in.version();
  SOTERIA_ASSIGN_OR_RETURN(access.index, DigestOf(in.index(), "index"));
  return access;
}

void Set(const Output& output, pb::Body* body) {
  pb::Output* out = body->mutable_output();
  out->set_kind(static_cast<pb::Output::Kind>(output.kind));
  out->set_rule(output.rule);
  out->set_what(output.what);
  out->set_rows(output.rows);
  out->set_content(Text(output.content));
  out->set_outside(output.outside);
  out->set_unverified(output.unverified);
}

StatusOr<Event> Get(const pb::Output& in) {
  Output output;
  if (in.kind() < pb::Output::ROWS || in.kind() > pb::Output::OUTCOME) {
    return Refuse("ledger entry: kind of output");
  }
  output.kind = static_cast<Output::Kind>(in.kind());
  SOTERIA_RETURN_IF_ERROR(CheckText(in.rule(), "rule"));
  SOTERIA_RETURN_IF_ERROR(CheckText(in.what(), "what"));
  output.rule = in.rule();
  output.what = in.what();
  output.rows = in.rows();
  SOTERIA_ASSIGN_OR_RETURN(output.content, DigestOf(in.content(), "content"));
  output.outside = in.outside();
  output.unverified = in.unverified();
  if (output.unverified && !output.outside) return Refuse("ledger entry: unverified from inside");
  return output;
}

void Set(const Release& release, pb::Body* body) {
  pb::Release* out = body->mutable_release();
  out->set_rule(release.rule);
  out->set_statistic(release.statistic);
  out->set_rows(release.rows);
  out->set_budget_spent(release.budget_spent);
  out->set_unverified(release.unverified);
  out->set_content(Text(release.content));
  out->set_level(static_cast<pb::Release::Level>(release.level));
  out->set_kind(release.kind);
  for (const Spending& spending : release.data_sets) {
    pb::Spending* to = out->add_data_sets();
    to->set_id(spending.id);
    to->set_spent(spending.spent);
    to->set_left(spending.left);
  }
  out->set_bytes(release.bytes);
  out->set_outside(release.outside);
}

Status GetSpendings(const pb::Release& in, std::vector<Spending>* out) {
  if (in.data_sets_size() > static_cast<int>(kSpendingsMax)) {
    return Refuse("ledger entry: too many data sets");
  }
  for (const pb::Spending& spending : in.data_sets()) {
    if (spending.id().size() != kIdBytes) return Refuse("ledger entry: id of a data set");
    if (!out->empty() && spending.id() <= out->back().id) {
      return Refuse("ledger entry: order of data sets");
    }
    if (spending.spent() < in.budget_spent()) return Refuse("ledger entry: budget spent");
    out->push_back({.id = spending.id(), .spent = spending.spent(), .left = spending.left()});
  }
  return base::OkStatus();
}

// What entries have since they say a level.
Status GetLevel(const pb::Release& in, Release* release) {
  switch (in.level()) {
    case pb::Release::UNSAID:
      if (!in.kind().empty() || in.data_sets_size() != 0 || in.bytes() != 0 || in.outside()) {
        return Refuse("ledger entry: a release without level");
      }
      return base::OkStatus();
    case pb::Release::AGGREGATE:
    case pb::Release::SCORES:
      break;
    default:
      return Refuse("ledger entry: level");
  }
  release->level = static_cast<Release::Level>(in.level());
  SOTERIA_RETURN_IF_ERROR(CheckText(in.kind(), "kind"));
  if (in.kind().empty()) return Refuse("ledger entry: a release without kind");
  release->kind = in.kind();
  SOTERIA_RETURN_IF_ERROR(GetSpendings(in, &release->data_sets));
  release->bytes = in.bytes();
  release->outside = in.outside();
  if (release->unverified && !release->outside) {
    return Refuse("ledger entry: unverified from inside");
  }
  return base::OkStatus();
}

StatusOr<Event> Get(const pb::Release& in) {
  Release release;
  SOTERIA_RETURN_IF_ERROR(CheckText(in.rule(), "rule"));
  SOTERIA_RETURN_IF_ERROR(CheckText(in.statistic(), "statistic"));
  release.rule = in.rule();
  release.statistic = in.statistic();
  release.rows = in.rows();
  release.budget_spent = in.budget_spent();
  release.unverified = in.unverified();
  SOTERIA_ASSIGN_OR_RETURN(release.content, DigestOf(in.content(), "content"));
  SOTERIA_RETURN_IF_ERROR(GetLevel(in, &release));
  return release;
}

void Set(const End& end, pb::Body* body) {
  pb::End* out = body->mutable_end();
  out->set_succeeded(end.succeeded);
  out->set_stages(end.stages);
  out->set_tasks(end.tasks);
  out->set_retries(end.retries);
  out->set_workers_admitted(end.workers_admitted);
}

StatusOr<Event> Get(const pb::End& in) {
  return End{.succeeded = in.succeeded(),
             .stages = in.stages(),
             .tasks = in.tasks(),
             .retries = in.retries(),
             .workers_admitted = in.workers_admitted()};
}

void Set(const Admission& admission, pb::Body* body) {
  pb::Admission* out = body->mutable_admission();
  out->set_sender(admission.sender);
  out->set_tee(admission.tee);
  out->set_measurement(Text(admission.measurement));
  out->set_evidence(Text(admission.evidence));
  out->set_identity(Text(admission.identity));
}

StatusOr<Event> Get(const pb::Admission& in) {
  Admission admission;
  if (in.sender() == 0) return Refuse("ledger entry: number of a worker");
  admission.sender = in.sender();
  SOTERIA_RETURN_IF_ERROR(CheckText(in.tee(), "kind of TEE"));
  if (in.tee().empty()) return Refuse("ledger entry: a worker without kind of TEE");
  admission.tee = in.tee();
  SOTERIA_ASSIGN_OR_RETURN(admission.measurement, DigestOf(in.measurement(), "measurement"));
  SOTERIA_ASSIGN_OR_RETURN(admission.evidence, DigestOf(in.evidence(), "evidence"));
  SOTERIA_ASSIGN_OR_RETURN(admission.identity, DigestOf(in.identity(), "identity"));
  return admission;
}

StatusOr<Event> GetEvent(const pb::Body& body) {
  switch (body.event_case()) {
    case pb::Body::kHead:
      return Get(body.head());
    case pb::Body::kAccess:
      return Get(body.access());
    case pb::Body::kOutput:
      return Get(body.output());
    case pb::Body::kRelease:
      return Get(body.release());
    case pb::Body::kEnd:
      return Get(body.end());
    case pb::Body::kAdmission:
      return Get(body.admission());
    case pb::Body::EVENT_NOT_SET:
      break;
  }
  return Refuse("ledger entry: no known event");
}

std::string EncodeBody(const Entry& entry) {
  pb::Body body;
  body.set_previous(Text(entry.previous));
  body.set_session(Text(entry.session));
  body.set_sequence(entry.sequence);
  body.set_time_ms(entry.time_ms);
  std::visit([&body](const auto& event) { Set(event, &body); }, entry.event);
  return body.SerializeAsString();
}

StatusOr<Entry> ParseBody(const std::string& bytes) {
  pb::Body body;
  if (!body.ParseFromString(bytes)) return Refuse("ledger entry: body doesn't parse");
  Entry entry;
  SOTERIA_ASSIGN_OR_RETURN(entry.previous, DigestOf(body.previous(), "previous"));
  SOTERIA_ASSIGN_OR_RETURN(entry.session, DigestOf(body.session(), "session"));
  entry.sequence = body.sequence();
  entry.time_ms = body.time_ms();
  SOTERIA_ASSIGN_OR_RETURN(entry.event, GetEvent(body));
  if (EncodeBody(entry) != bytes) return Refuse("ledger entry: not the canonical encoding");
  return entry;
}

std::string SignedMessage(std::string_view body) {
  return base::FieldWriter().Add(kSignatureTag).Add(body).Take();
}

std::string EncodeSigned(std::string body, std::string signature) {
  pb::Entry out;
  out.set_body(std::move(body));
  out.set_signature(std::move(signature));
  return out.SerializeAsString();
}

}  // namespace

bool IsBinned(const Release& release) {
  return release.level == Release::Level::kAggregate && release.kind == "binary";
}

std::string_view LevelName(Release::Level level) {
  switch (level) {
    case Release::Level::kAggregate:
      return "aggregate";
    case Release::Level::kScores:
      return "scores";
    case Release::Level::kUnsaid:
      break;
  }
  return "";
}

std::string_view KindName(const Event& event) {
  if (std::holds_alternative<Head>(event)) return "head";
  if (const auto* access = std::get_if<Access>(&event)) {
    return access->mode == Access::Mode::kRead ? "read" : "write";
  }
  if (const auto* output = std::get_if<Output>(&event)) {
    switch (output->kind) {
      case Output::Kind::kRows:
        return "rows";
      case Output::Kind::kMetrics:
        return "metrics";
      case Output::Kind::kModels:
        return "models";
      case Output::Kind::kOutcome:
        return "outcome";
    }
  }
  if (std::holds_alternative<Admission>(event)) return "worker";
  return std::holds_alternative<Release>(event) ? "release" : "end";
}

StatusOr<std::string> SignEntry(const Entry& entry, const crypto::IdentityKey& key) {
  std::string body = EncodeBody(entry);
  SOTERIA_ASSIGN_OR_RETURN(std::string signature, key.Sign(SignedMessage(body)));
  std::string bytes = EncodeSigned(std::move(body), std::move(signature));
  // What wouldn't be accepted by the reader (a text too long, or not UTF-8) isn't signed.
  SOTERIA_RETURN_IF_ERROR(ParseSignedEntry(bytes));
  return bytes;
}

StatusOr<SignedEntry> ParseSignedEntry(std::string_view bytes) {
  if (bytes.size() > kEntryBytesMax) return Refuse("ledger entry: too long");
  pb::Entry in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Refuse("ledger entry: doesn't parse");
  }
  if (in.signature().size() > crypto::kSignatureBytesMax) return Refuse("ledger entry: signature");
  if (in.SerializeAsString() != bytes || EncodeSigned(in.body(), in.signature()) != bytes) {
    return Refuse("ledger entry: not the canonical encoding");
  }
  SignedEntry out;
  SOTERIA_ASSIGN_OR_RETURN(out.entry, ParseBody(in.body()));
  out.body = in.body();
  out.signature = in.signature();
  return out;
}

Status VerifyEntry(const SignedEntry& entry, std::string_view identity_der) {
  return crypto::VerifySignature(identity_der, SignedMessage(entry.body), entry.signature);
}

base::Digest EntryHash(std::string_view bytes) {
  return crypto::Sha256(base::FieldWriter().Add("soteria/1 ledger link").Add(bytes).bytes());
}

}  // namespace soteria::ledger
