# wengert_bench: every bench/*.cpp in one program, but for the one that repeats the lecture's numbers.
file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
list(FILTER bench_sources EXCLUDE REGEX "/reproduce\\.cpp$")
add_executable(reproduce ${PROJECT_SOURCE_DIR}/bench/reproduce.cpp)
set_target_properties(reproduce PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
wengert_own_code(reproduce)
target_link_libraries(reproduce PRIVATE wengert::wengert CLI11::CLI11)
if(bench_sources)
  add_executable(wengert_bench ${bench_sources})
  set_target_properties(wengert_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                 ${PROJECT_BINARY_DIR}/bench)
  wengert_own_code(wengert_bench)
  target_link_libraries(wengert_bench PRIVATE wengert::wengert wengert_op_table CLI11::CLI11 fmt::fmt
                                              nlohmann_json::nlohmann_json)
endif()
