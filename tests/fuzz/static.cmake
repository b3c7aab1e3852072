fuzz_target(static SOURCES ${CMAKE_CURRENT_LIST_DIR}/static.cpp ${PROJECT_SOURCE_DIR}/plugins/static/users.cpp NEEDS)
target_include_directories(fuzz_static PRIVATE ${PROJECT_SOURCE_DIR}/plugins/static)
