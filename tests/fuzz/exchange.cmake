fuzz_target(exchange_words SOURCES ${CMAKE_CURRENT_LIST_DIR}/exchange_words.cpp $<TARGET_OBJECTS:exchange_words> NEEDS directory)
