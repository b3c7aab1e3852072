fuzz_target(directory_messages SOURCES ${CMAKE_CURRENT_LIST_DIR}/directory_messages.cpp NEEDS directory)
fuzz_target(directory_filter SOURCES ${CMAKE_CURRENT_LIST_DIR}/directory_filter.cpp NEEDS directory)
