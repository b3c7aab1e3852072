fuzz_target(http_head SOURCES ${CMAKE_CURRENT_LIST_DIR}/http_head.cpp NEEDS wire)
fuzz_target(http_basic SOURCES ${CMAKE_CURRENT_LIST_DIR}/http_basic.cpp NEEDS wire)
