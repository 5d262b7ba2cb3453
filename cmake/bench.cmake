# wengert_bench: every bench/*.cpp in one program.
file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
if(bench_sources)
  add_executable(wengert_bench ${bench_sources})
  set_target_properties(wengert_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                 ${PROJECT_BINARY_DIR}/bench)
  wengert_own_code(wengert_bench)
  target_link_libraries(wengert_bench PRIVATE wengert::wengert wengert_op_table CLI11::CLI11 fmt::fmt
                                              nlohmann_json::nlohmann_json)
endif()
