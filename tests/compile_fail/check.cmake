# cmake -D COMPILER= -D INCLUDE= -D SOURCE= -P check.cmake: SOURCE has to fail to compile with every
# text that it names in a comment "// Fails with: ..."; if it names none, it has to compile.
set(ENV{LC_ALL} C)  # GCC's quotes and language follow it
file(STRINGS ${SOURCE} expected REGEX "// Fails with: ")
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I${INCLUDE} ${SOURCE}
                RESULT_VARIABLE result ERROR_VARIABLE messages)

if(NOT expected)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${SOURCE} should compile:\n${messages}")
  endif()
  return()
endif()
if(result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, and should not")
endif()
foreach(line IN LISTS expected)
  string(REGEX REPLACE "^.*// Fails with: " "" text "${line}")
  string(FIND "${messages}" "${text}" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "${SOURCE} fails to compile, but not with '${text}':\n${messages}")
  endif()
endforeach()
