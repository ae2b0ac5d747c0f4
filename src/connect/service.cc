#include "src/connect/service.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spark/connect/base.grpc.pb.h"
#include "src/base/ascii.h"
#include "src/base/env.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/analyze.h"
#include "src/connect/artifacts.h"
#include "src/connect/config_rpc.h"
#include "src/connect/errors.h"
#include "src/connect/execution.h"

namespace soteria::connect {
namespace {

namespace sc = spark::connect;
using StatePtr = std::shared_ptr<SessionState>;
using Writer = grpc::ServerWriter<sc::ExecutePlanResponse>;

constexpr std::string_view kBearer = "Bearer ";

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char& c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !base::IsHex(base::Lower({&c, 1}), 1)) return false;
  }
  return true;
}

base::Status NoOperation(std::string_view id) {
  return base::Fail(kOperationNotFound, base::Cat("The handle ", id.substr(0, kIdBytesMax),
                                                  " is invalid. Operation not found."));
}

/// What each request of the protocol has in common.
template <class Request>
base::Status CheckIds(const Request& request, const std::string& server_side) {
  if (!IsUuid(request.session_id())) {
    return base::Fail(kHandleFormat, "The handle is invalid. Session ID must be an UUID string.");
  }
  if constexpr (requires { request.client_observed_server_side_session_id(); }) {
    const std::string& seen = request.client_observed_server_side_session_id();
    if (!seen.empty() && seen != server_side) {
      return base::Fail(kSessionChanged,
                        "The handle is invalid. The master is not the one that this session began "
                        "with: all that it held is gone.");
    }
  }
  return base::OkStatus();
}

class Service final : public sc::SparkConnectService::Service, public ConnectService {
 public:
  explicit Service(master::Master& master) : master_(master), sessions_(master) {}
  ~Service() override { Stop(); }

  grpc::Service& grpc_service() override { return *this; }

  void Stop() override {
    stopping_ = true;
    sessions_.CancelAll();
    workers_.Wait();
  }

  grpc::Status Config(grpc::ServerContext* context, const sc::ConfigRequest* request,
                      sc::ConfigResponse* response) override {
    auto state = Enter(*context, *request, response);
    if (!state.ok()) return ToGrpc(state.status());
    return ToGrpc(RunConfig(request->operation(), (*state)->config(), response));
  }

  grpc::Status AnalyzePlan(grpc::ServerContext* context, const sc::AnalyzePlanRequest* request,
                           sc::AnalyzePlanResponse* response) override {
    auto state = Enter(*context, *request, response);
    if (!state.ok()) return ToGrpc(state.status());
    return ToGrpc(Analyze(*request, **state, response));
  }

  grpc::Status ExecutePlan(grpc::ServerContext* context, const sc::ExecutePlanRequest* request,
                           Writer* writer) override {
    auto state =
        Enter<sc::ExecutePlanRequest, sc::ExecutePlanResponse>(*context, *request, nullptr);
    if (!state.ok()) return ToGrpc(state.status());
    auto operation = StartOperation(*request, *state);
    if (!operation.ok()) return ToGrpc(operation.status());
    return Stream(*context, **operation, 0, writer, **state);
  }

  grpc::Status ReattachExecute(grpc::ServerContext* context,
                               const sc::ReattachExecuteRequest* request, Writer* writer) override {
    auto state =
        Enter<sc::ReattachExecuteRequest, sc::ExecutePlanResponse>(*context, *request, nullptr);
    if (!state.ok()) return ToGrpc(state.status());
    const auto operation = (*state)->Find(request->operation_id());
    if (operation == nullptr) return ToGrpc(NoOperation(request->operation_id()));
    if (!operation->reattachable()) {
      return ToGrpc(base::Fail(base::kIllegalArgument, "The operation is not reattachable"));
    }
    uint64_t index = operation->first_index();
    if (request->has_last_response_id()) {
      const auto after = operation->IndexAfter(request->last_response_id());
      if (!after.has_value()) return ToGrpc(Lost());
      index = *after;
    }
    return Stream(*context, *operation, index, writer, **state);
  }

  grpc::Status ReleaseExecute(grpc::ServerContext* context,
                              const sc::ReleaseExecuteRequest* request,
                              sc::ReleaseExecuteResponse* response) override {
    // A late release must not bring a released session back.
    if (auto status = Authorise(*context, *request); !status.ok()) return ToGrpc(status);
    Echo(*request, response);
    const StatePtr state = sessions_.Find(request->session_id());
    const auto operation = state == nullptr ? nullptr : state->Find(request->operation_id());
    if (operation == nullptr) return grpc::Status::OK;
    response->set_operation_id(operation->id());
    if (request->has_release_until()) {
      operation->ReleaseUntil(request->release_until().response_id());
    } else {
      state->Remove(operation->id());
    }
    return grpc::Status::OK;
  }

  grpc::Status Interrupt(grpc::ServerContext* context, const sc::InterruptRequest* request,
                         sc::InterruptResponse* response) override {
    auto state = Enter(*context, *request, response);
    if (!state.ok()) return ToGrpc(state.status());
    for (const auto& operation : (*state)->All()) {
      const bool wanted =
          request->interrupt_type() == sc::InterruptRequest::INTERRUPT_TYPE_ALL ||
          (request->interrupt_type() == sc::InterruptRequest::INTERRUPT_TYPE_TAG &&
           operation->HasTag(request->operation_tag())) ||
          (request->interrupt_type() == sc::InterruptRequest::INTERRUPT_TYPE_OPERATION_ID &&
           operation->id() == request->operation_id());
      if (wanted && operation->Cancel()) response->add_interrupted_ids(operation->id());
    }
    return grpc::Status::OK;
  }

  grpc::Status ReleaseSession(grpc::ServerContext* context,
                              const sc::ReleaseSessionRequest* request,
                              sc::ReleaseSessionResponse* response) override {
    if (auto status = Authorise(*context, *request); !status.ok()) return ToGrpc(status);
    Echo(*request, response);
    sessions_.Release(request->session_id());
    return grpc::Status::OK;
  }

  grpc::Status ArtifactStatus(grpc::ServerContext* context,
                              const sc::ArtifactStatusesRequest* request,
                              sc::ArtifactStatusesResponse* response) override {
    auto state = Enter(*context, *request, response);
    if (!state.ok()) return ToGrpc(state.status());
    for (const std::string& name : request->names()) {
      (*response->mutable_statuses())[name].set_exists((*state)->artifacts().Has(name));
    }
    return grpc::Status::OK;
  }

  grpc::Status AddArtifacts(grpc::ServerContext* context,
                            grpc::ServerReader<sc::AddArtifactsRequest>* reader,
                            sc::AddArtifactsResponse* response) override {
    if (auto status = CheckToken(*context); !status.ok()) return ToGrpc(status);
    sc::AddArtifactsRequest request;
    if (!reader->Read(&request)) {
      return ToGrpc(base::Fail(base::kIllegalArgument, "A call without artifacts"));
    }
    auto state = Enter(*context, request, response);
    if (!state.ok()) return ToGrpc(state.status());
    ArtifactReader artifacts((*state)->artifacts());
    do {
      if (request.session_id() != (*state)->id()) {
        return ToGrpc(base::Fail(base::kIllegalArgument, "Artifacts of several sessions"));
      }
      if (auto status = artifacts.Add(request, response); !status.ok()) return ToGrpc(status);
    } while (reader->Read(&request));
    return ToGrpc(artifacts.Finish());
  }

  grpc::Status FetchErrorDetails(grpc::ServerContext* context,
                                 const sc::FetchErrorDetailsRequest* request,
                                 sc::FetchErrorDetailsResponse* response) override {
    // Errors carry all they have in their status; there is never more to fetch.
    auto state = Enter(*context, *request, response);
    return state.ok() ? grpc::Status::OK : ToGrpc(state.status());
  }

  grpc::Status CloneSession(grpc::ServerContext* context, const sc::CloneSessionRequest* request,
                            sc::CloneSessionResponse* response) override {
    auto state = Enter(*context, *request, response);
    if (!state.ok()) return ToGrpc(state.status());
    return ToGrpc(base::Fail(base::kUnsupported, "Cloning a session is not supported"));
  }

  grpc::Status GetStatus(grpc::ServerContext* context, const sc::GetStatusRequest* request,
                         sc::GetStatusResponse* response) override {
    auto state = Enter(*context, *request, response);
    if (!state.ok()) return ToGrpc(state.status());
    for (const std::string& id : request->operation_status().operation_ids()) {
      auto* status = response->add_operation_statuses();
      status->set_operation_id(id);
      status->set_state(StateOf((*state)->Find(id)));
    }
    return grpc::Status::OK;
  }

 private:
  using OperationState = sc::GetStatusResponse::OperationStatus;

  static OperationState::OperationState StateOf(const std::shared_ptr<Operation>& operation) {
    if (operation == nullptr) return OperationState::OPERATION_STATE_UNKNOWN;
    switch (operation->state()) {
      case Operation::State::kRunning:
        return OperationState::OPERATION_STATE_RUNNING;
      case Operation::State::kSucceeded:
        return OperationState::OPERATION_STATE_SUCCEEDED;
      case Operation::State::kFailed:
        return OperationState::OPERATION_STATE_FAILED;
      case Operation::State::kCancelled:
        return OperationState::OPERATION_STATE_CANCELLED;
    }
    return OperationState::OPERATION_STATE_UNKNOWN;
  }

  static base::Status Lost() {
    return base::Fail(kCursorNotFound,
                      "The cursor is invalid. The response after the given one is no longer here.");
  }

  base::Status CheckToken(const grpc::ServerContext& context) const {
    const auto& metadata = context.client_metadata();
    const auto found = metadata.find("authorization");
    if (found != metadata.end()) {
      const std::string_view value(found->second.data(), found->second.size());
      if (value.starts_with(kBearer) && master_.AuthoriseToken(value.substr(kBearer.size()))) {
        return base::OkStatus();
      }
    }
    return base::Fail(base::kUnauthenticated, "The bearer token is missing or wrong");
  }

  template <class Request>
  base::Status Authorise(const grpc::ServerContext& context, const Request& request) const {
    SOTERIA_RETURN_IF_ERROR(CheckToken(context));
    return CheckIds(request, master_.server_side_session_id());
  }

  template <class Request, class Response>
  void Echo(const Request& request, Response* response) const {
    response->set_session_id(request.session_id());
    response->set_server_side_session_id(master_.server_side_session_id());
  }

  /// Checks the caller, fills the ids of the response, and finds or makes the session.
  template <class Request, class Response>
  base::StatusOr<StatePtr> Enter(const grpc::ServerContext& context, const Request& request,
                                 Response* response) {
    SOTERIA_RETURN_IF_ERROR(Authorise(context, request));
    if (stopping_) return base::Fail(base::kMasterLost, "The master is ending");
    if constexpr (requires { response->set_new_session_id(""); }) {
      response->set_session_id(request.session_id());
    } else if (response != nullptr) {
      Echo(request, response);
    }
    SOTERIA_ASSIGN_OR_RETURN(StatePtr state, sessions_.For(request.session_id()));
    state->Sweep(base::SystemClock().MonotonicMs());
    return state;
  }

  base::StatusOr<std::shared_ptr<Operation>> StartOperation(const sc::ExecutePlanRequest& request,
                                                            const StatePtr& state) {
    if (!IsUuid(request.operation_id())) {
      return base::Fail(kHandleFormat,
                        "The handle is invalid. Operation ID must be an UUID string.");
    }
    if (request.tags_size() > kTagsMax) {
      return base::Fail(base::kIllegalArgument, "Too many tags");
    }
    bool reattachable = false;
    for (const auto& option : request.request_options()) {
      if (option.has_reattach_options()) reattachable = option.reattach_options().reattachable();
    }
    auto operation = std::make_shared<Operation>(
        OperationIds{request.session_id(), master_.server_side_session_id(),
                     request.operation_id()},
        reattachable, std::vector<std::string>(request.tags().begin(), request.tags().end()),
        [session = state->session_ptr()] { session->Cancel(); });
    SOTERIA_RETURN_IF_ERROR(state->Add(operation));
    auto plan = std::make_shared<const sc::Plan>(request.plan());
    const base::Status started = workers_.Run(
        [state, operation, plan] {
          const std::lock_guard lock(state->call_mutex());
          if (!operation->Begin()) {
            operation->Finish(base::OkStatus());
            return;
          }
          operation->Finish(connect::ExecutePlan(*plan, *state, *operation));
        },
        kRunningMax);
    if (!started.ok()) {
      operation->Finish(started);
      state->Remove(operation->id());
      return started;
    }
    return operation;
  }

  grpc::Status Stream(const grpc::ServerContext& context, Operation& operation, uint64_t index,
                      Writer* writer, SessionState& state) {
    const uint64_t attachment = operation.Attach();
    while (true) {
      const Operation::Next next =
          operation.Wait(attachment, index, std::chrono::milliseconds(kTickMs));
      switch (next.kind) {
        case Operation::Next::Kind::kResponse:
          if (!writer->Write(*next.response)) return Leave(operation, attachment, state);
          ++index;
          break;
        case Operation::Next::Kind::kEnd:
          if (!operation.reattachable()) state.Remove(operation.id());
          return ToGrpc(next.status);
        case Operation::Next::Kind::kTimeout:
          if (context.IsCancelled()) return Leave(operation, attachment, state);
          operation.PushProgress();
          break;
        case Operation::Next::Kind::kSuperseded:
          return grpc::Status(grpc::StatusCode::ABORTED, "Another stream took over the operation");
        case Operation::Next::Kind::kLost:
          return ToGrpc(Lost());
      }
    }
  }

  /// The client went away: a reattachable operation waits for it, any other one ends.
  static grpc::Status Leave(Operation& operation, uint64_t attachment, SessionState& state) {
    if (operation.reattachable()) {
      operation.Detach(attachment, base::SystemClock().MonotonicMs());
    } else {
      state.Remove(operation.id());
    }
    return grpc::Status(grpc::StatusCode::CANCELLED, "The client went away");
  }

  master::Master& master_;
  Sessions sessions_;
  std::atomic<bool> stopping_ = false;
  Workers workers_;
};

}  // namespace

std::unique_ptr<ConnectService> ConnectService::Make(master::Master& master) {
  return std::make_unique<Service>(master);
}

}  // namespace soteria::connect
