# cmake --install: headers by folder, the library, find_package(wengert), the bundled data sets.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/wengert)

foreach(header IN LISTS WENGERT_INSTALLED_HEADERS)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/wengert/${folder})
endforeach()
install(TARGETS wengert EXPORT wengert-targets)
install(EXPORT wengert-targets NAMESPACE wengert:: DESTINATION ${package_folder})

configure_package_config_file(cmake/wengert-config.cmake.in wengert-config.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(wengert-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/wengert-config.cmake
              ${PROJECT_BINARY_DIR}/wengert-config-version.cmake DESTINATION ${package_folder})

install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(EXISTS ${PROJECT_SOURCE_DIR}/data/bundled)
  install(DIRECTORY data/bundled/ DESTINATION ${CMAKE_INSTALL_DATADIR}/wengert/data
          PATTERN "*.py" EXCLUDE)
endif()
