# What the person who builds can choose.
option(WENGERT_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(WENGERT_BUILD_EXAMPLES "Build the example programs" ${PROJECT_IS_TOP_LEVEL})
option(WENGERT_BUILD_BENCH "Build the benchmark program" ${PROJECT_IS_TOP_LEVEL})
option(WENGERT_BUILD_FUZZ "Build the fuzz targets (clang)" OFF)
option(WENGERT_WERROR "Treat warnings in our own code as errors" OFF)
option(WENGERT_TENSORBOARD "Write TensorBoard's event files if protobuf is found" ON)
option(WENGERT_LIBXSMM "Give small matrix products to libxsmm if it is found" ON)
set(WENGERT_ARCH native CACHE STRING
    "Processor to build for, as -march takes it: native, x86-64-v3, ...; empty for the compiler's own")
set(WENGERT_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread; empty for none")

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)  # clang-tidy and editors read it
  find_program(CCACHE_PROGRAM ccache)
  mark_as_advanced(CCACHE_PROGRAM)
  if(CCACHE_PROGRAM AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  endif()
endif()

include(GNUInstallDirs)
