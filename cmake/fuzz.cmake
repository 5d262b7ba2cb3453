# fuzz_NAME for every tests/fuzz/NAME.cpp: libFuzzer under the address and undefined behaviour
# sanitizers, so clang only. A new target needs no line here, but for what its reader needs beyond the
# sources below. `./test --fuzz` runs them.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "WENGERT_BUILD_FUZZ needs clang: cmake --preset fuzz")
endif()

# The readers and what they stand on, not all of the library: built in half a minute.
file(GLOB fuzzed_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/data/*.cpp
     ${PROJECT_SOURCE_DIR}/nn/safetensors*.cpp)
list(FILTER fuzzed_sources EXCLUDE REGEX "/data/(pca)\\.cpp$")  # Eigen takes as long as all the rest
foreach(name cpu pool rng shape tensor)
  list(APPEND fuzzed_sources ${PROJECT_SOURCE_DIR}/graph/${name}.cpp)
endforeach()
add_library(wengert_fuzzed STATIC EXCLUDE_FROM_ALL ${fuzzed_sources})
wengert_own_code(wengert_fuzzed)
target_compile_options(wengert_fuzzed PRIVATE -fsanitize=fuzzer-no-link)
target_include_directories(wengert_fuzzed PUBLIC ${PROJECT_BINARY_DIR}/include)
target_include_directories(wengert_fuzzed SYSTEM PRIVATE ${FAST_FLOAT_INCLUDE_DIR} ${LIBZIP_INCLUDE_DIR}
                                                         ${RANDOM123_INCLUDE_DIR})
target_link_libraries(wengert_fuzzed PRIVATE fmt::fmt ZLIB::ZLIB ${LIBZIP_LIBRARY} Threads::Threads
                                             nlohmann_json::nlohmann_json)

file(GLOB fuzz_targets CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*.cpp)
add_custom_target(fuzz)
foreach(source IN LISTS fuzz_targets)
  cmake_path(GET source STEM name)
  add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${source})
  wengert_own_code(fuzz_${name})
  target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_${name} PRIVATE wengert_fuzzed)
  add_dependencies(fuzz fuzz_${name})
endforeach()
