# wengert_tests: every tests/**/*.cpp in one executable, each TEST_CASE a test of ctest's own. Cases
# tagged [.long] are left to `ctest -L long` (./test --long).
file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*.cpp)
list(FILTER test_sources EXCLUDE REGEX "/tests/(golden|compile_fail|compiler|frameworks|install|fuzz|tensorboard)/")
list(FILTER test_sources EXCLUDE REGEX "/tests/ops/table[^/]*\\.cpp$")  # op_table.cmake

if(NOT TARGET rapidcheck)
  message(WARNING "Generated gradient checks: left out (rapidcheck not found; Debian: librapidcheck-dev)")
  list(FILTER test_sources EXCLUDE REGEX "/tests/gradcheck/generated_test\\.cpp$")
  add_test(NAME "generated gradient checks"
           COMMAND ${CMAKE_COMMAND} -E echo "skipped: rapidcheck is not installed")
  set_tests_properties("generated gradient checks" PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped: "
                                                              LABELS unit)
endif()

add_executable(wengert_tests ${test_sources})
wengert_own_code(wengert_tests)
# Where the trees are, for the sources that ask: a compiler cache would take the others for new ones in
# every clone.
foreach(source IN LISTS test_sources)
  file(STRINGS ${source} asks REGEX "WENGERT_(SOURCE|BUILD)_DIR|include \".*(golden_file|files)\\.h\"")
  if(asks)
    set_source_files_properties(
      ${source} PROPERTIES COMPILE_DEFINITIONS
      "WENGERT_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\";WENGERT_BUILD_DIR=\"${PROJECT_BINARY_DIR}\"")
  endif()
endforeach()
target_include_directories(wengert_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_include_directories(wengert_tests SYSTEM PRIVATE ${XSIMD_INCLUDE_DIR} ${RANDOM123_INCLUDE_DIR}
                                                        ${CBLAS_INCLUDE_DIR} ${EIGEN_INCLUDE_DIR})
target_link_libraries(
  wengert_tests PRIVATE wengert_op_table wengert::wengert Catch2::Catch2 fmt::fmt Boost::headers
                        nlohmann_json::nlohmann_json ZLIB::ZLIB Threads::Threads)

if(TARGET rapidcheck)
  target_link_libraries(wengert_tests PRIVATE rapidcheck)
endif()

# What is tested is compiled elsewhere, with all its optimisation.
target_compile_options(wengert_tests PRIVATE -O0)
# Nearly every test includes these two, and they take a third of its time.
target_precompile_headers(wengert_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests/catch.h
                          ${PROJECT_SOURCE_DIR}/wengert.h)
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/main.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)

include(Catch)
# A name that Catch2 reads as a pattern and then finds nowhere is a failure: 3 does so by itself.
if(Catch2_VERSION VERSION_LESS 3)
  set(no_case_is_failure --warn NoTests)
endif()
catch_discover_tests(wengert_tests TEST_SPEC "~[.]" EXTRA_ARGS ${no_case_is_failure}
                     PROPERTIES TIMEOUT 300 LABELS unit)
add_test(NAME "cases tagged [.long]" COMMAND wengert_tests "[long]")
set_tests_properties("cases tagged [.long]" PROPERTIES TIMEOUT 3600 LABELS long)

# Every installed header compiles alone, and twice in one source.
if(NOT WENGERT_SANITIZE)
  foreach(header IN LISTS WENGERT_INSTALLED_HEADERS)
    string(REGEX REPLACE "[/.]" "_" name ${header})
    set(check ${PROJECT_BINARY_DIR}/header_checks/${name}.cpp)
    file(CONFIGURE OUTPUT ${check}
         CONTENT "#include <wengert/@header@>\n#include <wengert/@header@>\n" @ONLY)
    list(APPEND header_checks ${check})
  endforeach()
  add_library(header_checks OBJECT ${header_checks})
  wengert_own_code(header_checks)
  # fmt, Boost and Catch2 for the optional headers whose names say so.
  target_link_libraries(header_checks PRIVATE wengert::wengert Catch2::Catch2 fmt::fmt
                                              Boost::headers)
  target_compile_options(header_checks PRIVATE -O0 -g0)
  add_dependencies(wengert_tests header_checks)
endif()

# Tests that are more than a source in the executable bring a CMakeLists.txt of their own. Without the
# examples, as under the sanitizers, those that build programs are left out: they would double the time
# and call nothing that the executable does not.
set(test_folders golden tensorboard)
if(WENGERT_BUILD_EXAMPLES)
  list(APPEND test_folders compile_fail compiler frameworks install docs from_keras)
endif()
foreach(folder IN LISTS test_folders)
  if(EXISTS ${PROJECT_SOURCE_DIR}/tests/${folder}/CMakeLists.txt)
    add_subdirectory(tests/${folder})
  endif()
endforeach()
