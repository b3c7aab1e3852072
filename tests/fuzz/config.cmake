fuzz_target(config SOURCES ${CMAKE_CURRENT_LIST_DIR}/config.cpp NEEDS config)
