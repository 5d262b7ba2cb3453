# What the library stands on (cmake/packages.txt names the Debian packages). All of it is private: a
# user's program sees our headers only, and links what a static library needs.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(Boost 1.74 REQUIRED)  # headers only: Boost.Graph's algorithms are templates
find_package(nlohmann_json 3 REQUIRED)
find_package(ZLIB REQUIRED)

# Headers by themselves. xsimd's own CMake target would link xtl, which Debian's package does not need.
find_path(XSIMD_INCLUDE_DIR xsimd/xsimd.hpp REQUIRED)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
find_path(FAST_FLOAT_INCLUDE_DIR fast_float/fast_float.h REQUIRED)
find_path(EIGEN_INCLUDE_DIR Eigen/QR PATH_SUFFIXES eigen3 REQUIRED)

# libzip. Debian's own CMake file for it asks for its command line tools as well.
find_library(LIBZIP_LIBRARY zip REQUIRED)
find_path(LIBZIP_INCLUDE_DIR zip.h REQUIRED)

# TensorBoard's event files are written where protobuf is there.
find_package(Protobuf QUIET)

# OpenBLAS. Where it is in no usual place, pkg-config may know.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_OPENBLAS QUIET openblas)
endif()
find_library(OPENBLAS_LIBRARY openblas PATHS ${PC_OPENBLAS_LIBRARY_DIRS} REQUIRED)
find_path(CBLAS_INCLUDE_DIR cblas.h PATHS ${PC_OPENBLAS_INCLUDE_DIRS}
          PATH_SUFFIXES openblas openblas-pthread REQUIRED)

# libxsmm is faster on small products; without it OpenBLAS takes them all.
find_library(LIBXSMM_LIBRARY xsmm)
find_path(LIBXSMM_INCLUDE_DIR libxsmm.h)
if(WENGERT_LIBXSMM AND LIBXSMM_LIBRARY AND LIBXSMM_INCLUDE_DIR)
  set(WENGERT_HAVE_LIBXSMM ON)
  message(STATUS "Small products: libxsmm (${LIBXSMM_LIBRARY})")
else()
  set(WENGERT_HAVE_LIBXSMM OFF)
  message(STATUS "Small products: OpenBLAS (libxsmm not found or not wanted)")
endif()
mark_as_advanced(XSIMD_INCLUDE_DIR RANDOM123_INCLUDE_DIR FAST_FLOAT_INCLUDE_DIR EIGEN_INCLUDE_DIR
                 LIBZIP_LIBRARY LIBZIP_INCLUDE_DIR OPENBLAS_LIBRARY CBLAS_INCLUDE_DIR LIBXSMM_LIBRARY
                 LIBXSMM_INCLUDE_DIR)

if(WENGERT_BUILD_EXAMPLES OR WENGERT_BUILD_BENCH)
  find_package(CLI11 2 REQUIRED)
endif()
if(WENGERT_BUILD_TESTS)
  find_package(Catch2 REQUIRED)
  find_package(rapidcheck CONFIG QUIET)
  if(Catch2_VERSION VERSION_LESS 2.13)
    message(FATAL_ERROR "Catch2 ${Catch2_VERSION} is too old: the tests need 2.13 or 3")
  endif()
endif()
