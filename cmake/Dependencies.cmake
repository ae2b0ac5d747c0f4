# Third-party code: Debian's packages, and Arrow from the pyarrow wheel in .venv (./run setup).
set(SOTERIA_PYTHON ${CMAKE_SOURCE_DIR}/.venv/bin/python CACHE FILEPATH "Python with requirements.txt")
if(NOT EXISTS ${SOTERIA_PYTHON})
  message(FATAL_ERROR "No Python environment at ${SOTERIA_PYTHON}: run ./run setup first")
endif()
execute_process(
  COMMAND ${SOTERIA_PYTHON} -c
    "import pyarrow; print(pyarrow.get_include()); print(pyarrow.get_library_dirs()[0])"
  OUTPUT_VARIABLE arrow_where OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" arrow_where "${arrow_where}")
list(GET arrow_where 0 arrow_include)
list(GET arrow_where 1 arrow_lib)

find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)

# Arrow, Parquet and compute. The wheel's directory goes into the run path. libarrow_compute exports
# an RE2 of its own, of another version: the one that we are compiled against comes before it.
# The libraries are linked by their versioned names: the wheel has no others, and links made in it (pyarrow's own
# way) would be absolute and dangle once the folder has moved.
set(arrow_libraries)
foreach(name arrow_compute parquet arrow)
  file(GLOB versioned ${arrow_lib}/lib${name}.so.[0-9]*)
  list(LENGTH versioned found)
  if(NOT found EQUAL 1)
    message(FATAL_ERROR "${arrow_lib} has ${found} of lib${name}.so.N: remove .venv, and ./run setup makes it anew")
  endif()
  list(APPEND arrow_libraries ${versioned})
endforeach()
add_library(soteria_arrow INTERFACE)
target_include_directories(soteria_arrow SYSTEM INTERFACE ${arrow_include})
target_link_libraries(soteria_arrow INTERFACE re2 ${arrow_libraries})
target_link_options(soteria_arrow INTERFACE -Wl,-rpath,${arrow_lib})

# OpenSSL 3, static. libparquet exports a libcrypto of its own, so ours must come before it on every
# link line: the archive is declared to depend on the Arrow libraries, which only fixes the order.
add_library(soteria_libcrypto STATIC IMPORTED)
set_target_properties(soteria_libcrypto PROPERTIES
  IMPORTED_LOCATION /usr/lib/x86_64-linux-gnu/libcrypto.a
  INTERFACE_LINK_LIBRARIES "soteria_arrow;Threads::Threads;dl")
add_library(soteria_openssl INTERFACE)
add_library(soteria_libssl STATIC IMPORTED)
set_target_properties(soteria_libssl PROPERTIES
  IMPORTED_LOCATION /usr/lib/x86_64-linux-gnu/libssl.a INTERFACE_LINK_LIBRARIES soteria_libcrypto)
target_link_libraries(soteria_openssl INTERFACE soteria_libssl)
target_link_options(soteria_openssl INTERFACE -Wl,--exclude-libs,libssl.a:libcrypto.a -Wl,--as-needed)

# gRPC without its own TLS: the channel below it is ours.
add_library(soteria_grpc INTERFACE)
target_link_libraries(soteria_grpc INTERFACE
  grpc++_unsecure grpc_unsecure gpr protobuf absl::synchronization Threads::Threads)

add_library(soteria_blas INTERFACE)
target_link_libraries(soteria_blas INTERFACE openblas)

add_library(soteria_gtest INTERFACE)
target_link_libraries(soteria_gtest INTERFACE gtest gmock gtest_main Threads::Threads)
