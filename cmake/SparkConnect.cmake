# Spark Connect's messages and gRPC stubs, generated from the pyspark package's own descriptors
# (tools/extract_connect_protos.py). Third-party code: built once, without our warning flags.
set(connect_gen ${CMAKE_BINARY_DIR}/spark_connect)
file(MAKE_DIRECTORY ${connect_gen})
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
execute_process(
  COMMAND ${SOTERIA_PYTHON} ${CMAKE_SOURCE_DIR}/tools/extract_connect_protos.py --names
  OUTPUT_VARIABLE connect_protos OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

set(connect_sources)
foreach(proto IN LISTS connect_protos)
  string(REGEX REPLACE "\\.proto$" "" stem ${proto})
  list(APPEND connect_sources ${connect_gen}/${stem}.pb.cc)
endforeach()
list(APPEND connect_sources ${connect_gen}/spark/connect/base.grpc.pb.cc)

add_custom_command(OUTPUT ${connect_sources}
  COMMAND ${SOTERIA_PYTHON} ${CMAKE_SOURCE_DIR}/tools/extract_connect_protos.py
          ${connect_gen}/spark.fds
  COMMAND protobuf::protoc --descriptor_set_in=${connect_gen}/spark.fds --cpp_out=${connect_gen}
          ${connect_protos}
  COMMAND protobuf::protoc --descriptor_set_in=${connect_gen}/spark.fds --grpc_out=${connect_gen}
          --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} spark/connect/base.proto
  DEPENDS ${CMAKE_SOURCE_DIR}/tools/extract_connect_protos.py
  COMMENT "Generating Spark Connect's messages from the pyspark package" VERBATIM)

add_library(soteria_spark_connect STATIC ${connect_sources})
target_include_directories(soteria_spark_connect SYSTEM PUBLIC ${connect_gen})
target_compile_options(soteria_spark_connect PRIVATE -O1 -w)
target_link_libraries(soteria_spark_connect PUBLIC soteria_grpc protobuf::libprotobuf)
# Plans nest deeper than protobuf takes by default.
set_source_files_properties(${connect_gen}/spark/connect/base.grpc.pb.cc PROPERTIES
  COMPILE_OPTIONS "-include;${CMAKE_SOURCE_DIR}/cmake/spark_connect_traits.h"
  OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/spark_connect_traits.h)
