# Every examples/*.cpp is a program, and a test: it runs with --quick.
file(GLOB example_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
set(example_folder ${PROJECT_BINARY_DIR}/examples)
file(MAKE_DIRECTORY ${example_folder}/output)

add_custom_target(examples)
foreach(source IN LISTS example_sources)
  cmake_path(GET source STEM name)
  add_executable(example_${name} ${source})
  add_dependencies(examples example_${name})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name}
                                                   RUNTIME_OUTPUT_DIRECTORY ${example_folder})
  wengert_own_code(example_${name})
  target_link_libraries(example_${name} PRIVATE wengert::wengert CLI11::CLI11)
  if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(example_${name} PRIVATE -O0)  # the library does the work
  endif()
  # They all begin with the same headers. Without tests, as in ./demo, few are built.
  if(WENGERT_BUILD_TESTS AND NOT example_with_headers)
    set(example_with_headers example_${name})
    target_precompile_headers(example_${name} PRIVATE <CLI/CLI.hpp>
                              ${PROJECT_SOURCE_DIR}/wengert.h)
  elseif(WENGERT_BUILD_TESTS)
    target_precompile_headers(example_${name} REUSE_FROM ${example_with_headers})
  endif()
  if(WENGERT_BUILD_TESTS)
    add_test(NAME "example ${name}" COMMAND example_${name} --quick
             WORKING_DIRECTORY ${example_folder}/output)
    set_tests_properties("example ${name}" PROPERTIES LABELS examples TIMEOUT 300)
  endif()
endforeach()
