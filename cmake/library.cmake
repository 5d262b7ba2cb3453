# The one compiled library, and the lists of its headers.
set(WENGERT_FOLDERS graph ops nn optim data figures train gradcheck gradflow)

set(source_patterns ${WENGERT_FOLDERS})
list(TRANSFORM source_patterns PREPEND ${PROJECT_SOURCE_DIR}/)
set(header_patterns ${source_patterns})
list(TRANSFORM source_patterns APPEND /*.cpp)
list(TRANSFORM header_patterns APPEND /*.h)
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${source_patterns})
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${header_patterns})

# Headers for our own sources only; the same file is read by tests/structure_test.cpp.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS cmake/internal_headers.txt)
file(STRINGS ${PROJECT_SOURCE_DIR}/cmake/internal_headers.txt internal_patterns REGEX "^[^#]")
file(GLOB umbrella CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/wengert.h)
set(WENGERT_INSTALLED_HEADERS ${umbrella} ${headers})
foreach(pattern IN LISTS internal_patterns)
  string(REPLACE "." "\\." pattern "${pattern}")
  string(REPLACE "*" "[^/]*" pattern "${pattern}")
  list(FILTER WENGERT_INSTALLED_HEADERS EXCLUDE REGEX "^${pattern}$")
endforeach()

add_library(wengert ${sources})
add_library(wengert::wengert ALIAS wengert)
set_target_properties(wengert PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0
                                         POSITION_INDEPENDENT_CODE ON)
target_compile_features(wengert PUBLIC cxx_std_20)
wengert_own_code(wengert)
# In a project that sets no build type the library would run at a tenth of its speed.
target_compile_options(wengert PRIVATE $<$<CONFIG:>:-O3>)

# <wengert/nn/linear.h> in the build tree: a link that bears the project's name.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/include)
file(CREATE_LINK ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/include/wengert SYMBOLIC)
target_include_directories(wengert PUBLIC $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
                                          $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_include_directories(wengert SYSTEM PRIVATE ${XSIMD_INCLUDE_DIR} ${RANDOM123_INCLUDE_DIR}
                                                  ${FAST_FLOAT_INCLUDE_DIR} ${EIGEN_INCLUDE_DIR} ${LIBZIP_INCLUDE_DIR}
                                                  ${CBLAS_INCLUDE_DIR})
target_link_libraries(
  wengert
  PRIVATE fmt::fmt ZLIB::ZLIB ${LIBZIP_LIBRARY} Threads::Threads
          # Header-only: an installed library no longer needs them.
          $<BUILD_INTERFACE:Boost::headers> $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)

# Our own products: a fused multiply-add is all they consist of, and no other code repeats them.
set_source_files_properties(${PROJECT_SOURCE_DIR}/ops/gemm_plain.cpp PROPERTIES COMPILE_OPTIONS
                                                                                -ffp-contract=fast)

# Eigen's templates are what takes long to compile under the undefined behaviour sanitizer, and they are
# not what it is there for; the address sanitizer stays.
if(WENGERT_SANITIZE MATCHES "undefined")
  foreach(source IN LISTS sources)
    file(STRINGS ${source} uses_eigen REGEX "#include <Eigen/")
    if(uses_eigen)
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=undefined)
    endif()
  endforeach()
endif()

# A sanitizer build looks for errors while the program runs; that every source includes what it needs,
# and stands alone, is shown by the others.
if(WENGERT_SANITIZE)
  target_precompile_headers(wengert PRIVATE <algorithm> <cmath> <functional> <map> <memory>
                            <optional> <span> <string> <vector> <fmt/format.h>)
endif()

set(gemm_sources ${sources})
list(FILTER gemm_sources INCLUDE REGEX "/ops/gemm[^/]*\\.cpp$")
if(WENGERT_HAVE_LIBXSMM)
  target_include_directories(wengert SYSTEM PRIVATE ${LIBXSMM_INCLUDE_DIR})
  set_source_files_properties(${gemm_sources} PROPERTIES COMPILE_DEFINITIONS WENGERT_HAVE_LIBXSMM=1)
  # Before OpenBLAS, whose sgemm and dgemm it falls back to.
  target_link_libraries(wengert PRIVATE ${LIBXSMM_LIBRARY} ${CMAKE_DL_LIBS})
endif()
target_link_libraries(wengert PRIVATE ${OPENBLAS_LIBRARY})

# The start-up check knows what the rest was built for, and is itself built for any processor, so that
# it can still print its message on one that lacks those instructions.
set(cpu_definitions WENGERT_ARCH_NAME="${WENGERT_ARCH_NAME}"
                    WENGERT_ARCH_FEATURES="${WENGERT_ARCH_FEATURES}")
set_source_files_properties(${PROJECT_SOURCE_DIR}/graph/cpu.cpp
                            PROPERTIES COMPILE_DEFINITIONS "${cpu_definitions}")
if(WENGERT_ARCH AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(${PROJECT_SOURCE_DIR}/graph/cpu.cpp
                              PROPERTIES COMPILE_OPTIONS -march=x86-64)
endif()

# Where the bundled data sets are: in the source tree while it exists, else where they are installed.
set(data_sources ${sources})
list(FILTER data_sources INCLUDE REGEX "^${PROJECT_SOURCE_DIR}/data/")
set(data_definitions
    WENGERT_DATA_DIR="${PROJECT_SOURCE_DIR}/data/bundled"
    WENGERT_INSTALLED_DATA_DIR="${CMAKE_INSTALL_FULL_DATADIR}/wengert/data")
set_source_files_properties(${data_sources} PROPERTIES COMPILE_DEFINITIONS "${data_definitions}")
