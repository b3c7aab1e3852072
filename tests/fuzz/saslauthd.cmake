fuzz_target(saslauthd SOURCES ${CMAKE_CURRENT_LIST_DIR}/saslauthd.cpp NEEDS wire)
