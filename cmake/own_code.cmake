# wengert_own_code(target): how code of ours is compiled, wherever it is in the tree. Nothing of this
# reaches a user's program.
include(CheckCXXCompilerFlag)

set(WENGERT_ARCH_FLAG "")
set(WENGERT_ARCH_NAME "baseline")
set(WENGERT_ARCH_FEATURES "")
if(WENGERT_ARCH)
  set(WENGERT_ARCH_FLAG -march=${WENGERT_ARCH})
  string(MAKE_C_IDENTIFIER "WENGERT_HAVE_ARCH_${WENGERT_ARCH}" arch_known)
  check_cxx_compiler_flag(${WENGERT_ARCH_FLAG} ${arch_known})
  if(NOT ${arch_known})
    message(FATAL_ERROR "WENGERT_ARCH: ${CMAKE_CXX_COMPILER} does not know the processor "
                        "'${WENGERT_ARCH}'; try native, x86-64-v3 or an empty value")
  endif()
  set(WENGERT_ARCH_NAME ${WENGERT_ARCH})
endif()

# The compiler tells which instruction sets the flag means here; `native` tells nothing by itself.
execute_process(
  COMMAND ${CMAKE_CXX_COMPILER} ${WENGERT_ARCH_FLAG} -dM -E -x c++ /dev/null
  OUTPUT_VARIABLE predefined
  RESULT_VARIABLE failed
  ERROR_QUIET)
if(NOT failed)
  # Macro, and the name that __builtin_cpu_supports has for it.
  foreach(pair
          SSE3=sse3 SSSE3=ssse3 SSE4_1=sse4.1 SSE4_2=sse4.2 POPCNT=popcnt AVX=avx AVX2=avx2 FMA=fma
          BMI=bmi BMI2=bmi2 AVX512F=avx512f AVX512CD=avx512cd AVX512BW=avx512bw AVX512DQ=avx512dq
          AVX512VL=avx512vl AVX512IFMA=avx512ifma AVX512VBMI=avx512vbmi AVX512VBMI2=avx512vbmi2
          AVX512VNNI=avx512vnni AVX512BITALG=avx512bitalg AVX512VPOPCNTDQ=avx512vpopcntdq)
    string(REGEX MATCH "^(.*)=(.*)$" _ ${pair})
    if(predefined MATCHES "#define __${CMAKE_MATCH_1}__ ")
      string(REGEX REPLACE "^.*=" "" feature ${pair})
      string(APPEND WENGERT_ARCH_FEATURES "${feature} ")
    endif()
  endforeach()
  string(STRIP "${WENGERT_ARCH_FEATURES}" WENGERT_ARCH_FEATURES)
endif()
# GCC 12 with AVX-512 stores some constants of 32 bytes wrongly at -O2 (a list {1, 1, 0, 0} of int64
# becomes {1, 1, 1, 1}) unless block moves stay at 16 bytes: tests/compiler shows it.
set(WENGERT_NARROW_MOVES "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  check_cxx_compiler_flag("-mmove-max=128 -mstore-max=128" WENGERT_HAVE_NARROW_MOVES)
  if(WENGERT_HAVE_NARROW_MOVES)
    set(WENGERT_NARROW_MOVES -mmove-max=128 -mstore-max=128)
  endif()
endif()
message(STATUS "Processor: ${WENGERT_ARCH_NAME} (${WENGERT_ARCH_FEATURES})")

function(wengert_own_code target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  # No contraction of a * b + c into a fused multiply-add behind our back: the compiler would choose
  # differently for a vector body, its tail and another inlining, and the same element would get other
  # bits in another place. Kernels that want a fused multiply-add spell it.
  # Tests and examples take the same processor as the library, because tests include kernels whose
  # types depend on it.
  target_compile_options(${target} PRIVATE -ffp-contract=off ${WENGERT_ARCH_FLAG}
                                           ${WENGERT_NARROW_MOVES})
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast
                      -Woverloaded-virtual)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 reports "x" + std::string as overlapping memory in optimised builds (GCC bug 105329).
    # Its own AVX-512 intrinsics start from a value left undefined on purpose (GCC bug 105593).
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
  if(WENGERT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(WENGERT_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${WENGERT_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    if(WENGERT_SANITIZE MATCHES "undefined")
      # In deep templates these three double the time to compile, and what they find the address
      # sanitizer finds too.
      target_compile_options(${target} PRIVATE -fno-sanitize=null,alignment,object-size)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # The checks it adds hide from GCC that a value was set, in std::regex and elsewhere.
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
    target_link_options(${target} PRIVATE -fsanitize=${WENGERT_SANITIZE})
  endif()
endfunction()
