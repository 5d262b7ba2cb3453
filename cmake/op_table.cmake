# wengert_op_table: one row an op, for the tests, the benchmark and the page of ops in the docs.
file(GLOB op_table_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/ops/table*.cpp)
add_library(wengert_op_table STATIC EXCLUDE_FROM_ALL ${op_table_sources})
wengert_own_code(wengert_op_table)
target_include_directories(wengert_op_table PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(wengert_op_table PUBLIC wengert::wengert)
