// Read into the generated base.grpc.pb.cc (cmake/SparkConnect.cmake, -include): how gRPC parses the
// two requests that carry plans. A chain of fifty withColumn calls nests deeper than protobuf's
// default of 100 messages; Spark's own server takes 1024, and so does this one. Deeper ones fail to
// parse before any of our code sees them.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include "spark/connect/base.pb.h"

namespace grpc {

template <class Message>
class DeepMessageTraits {
 public:
  static constexpr int kDepthMax = 1024;

  static Status Serialize(const Message& message, ByteBuffer* buffer, bool* own_buffer) {
    return GenericSerialize<ProtoBufferWriter, Message>(message, buffer, own_buffer);
  }

  static Status Deserialize(ByteBuffer* buffer, protobuf::MessageLite* message) {
    if (buffer == nullptr) return Status(StatusCode::INTERNAL, "No payload");
    Status result = Status::OK;
    {
      ProtoBufferReader reader(buffer);
      if (!reader.status().ok()) return reader.status();
      google::protobuf::io::CodedInputStream input(&reader);
      input.SetRecursionLimit(kDepthMax);
      if (!message->ParseFromCodedStream(&input) || !input.ConsumedEntireMessage()) {
        result =
            Status(StatusCode::INTERNAL, "The request cannot be parsed or is nested too deeply");
      }
    }
    buffer->Clear();
    return result;
  }
};

template <>
class SerializationTraits<spark::connect::ExecutePlanRequest, void>
    : public DeepMessageTraits<spark::connect::ExecutePlanRequest> {};
template <>
class SerializationTraits<spark::connect::AnalyzePlanRequest, void>
    : public DeepMessageTraits<spark::connect::AnalyzePlanRequest> {};

}  // namespace grpc
