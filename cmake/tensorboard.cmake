# TensorBoard's event files, where protobuf is there (cmake/dependencies.cmake). What protoc makes of
# train/tensorboard.proto is not ours to lint: a library of its own, without our warnings.
add_custom_target(wengert_generated)  # for who needs generated headers without a build
if(WENGERT_TENSORBOARD AND Protobuf_FOUND AND TARGET protobuf::protoc AND Protobuf_LITE_LIBRARY)
  message(STATUS "TensorBoard's event files: protobuf ${Protobuf_VERSION}")
  set(proto ${PROJECT_SOURCE_DIR}/train/tensorboard.proto)
  set(generated ${PROJECT_BINARY_DIR}/generated)
  set(messages ${generated}/tensorboard.pb.cc ${generated}/tensorboard.pb.h)
  file(MAKE_DIRECTORY ${generated})
  add_custom_command(
    OUTPUT ${messages}
    COMMAND protobuf::protoc --proto_path=${PROJECT_SOURCE_DIR}/train --cpp_out=${generated} ${proto}
    DEPENDS ${proto} protobuf::protoc
    COMMENT "Making C++ of tensorboard.proto"
    VERBATIM)
  add_custom_target(wengert_event_messages DEPENDS ${messages})
  add_dependencies(wengert_generated wengert_event_messages)

  add_library(wengert_events OBJECT ${messages})
  add_dependencies(wengert_events wengert_event_messages)
  target_compile_features(wengert_events PRIVATE cxx_std_20)
  target_include_directories(wengert_events SYSTEM PRIVATE ${Protobuf_INCLUDE_DIRS})
  target_compile_options(wengert_events PRIVATE -w)
  set_target_properties(wengert_events PROPERTIES POSITION_INDEPENDENT_CODE ON)

  target_sources(wengert PRIVATE $<TARGET_OBJECTS:wengert_events>)
  add_dependencies(wengert wengert_event_messages)
  target_include_directories(wengert SYSTEM PRIVATE ${generated} ${Protobuf_INCLUDE_DIRS})
  target_link_libraries(wengert PRIVATE ${Protobuf_LITE_LIBRARY})
  set(left_out train/tensorboard_missing.cpp)
else()
  message(STATUS "TensorBoard's event files: left out (protobuf not found or not wanted)")
  set(left_out train/tensorboard.cpp)
endif()
# One of the two defines the class; the other is in the list of sources and not compiled.
set_source_files_properties(${PROJECT_SOURCE_DIR}/${left_out} PROPERTIES HEADER_FILE_ONLY ON)
