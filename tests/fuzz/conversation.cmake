fuzz_target(conversation SOURCES ${CMAKE_CURRENT_LIST_DIR}/conversation.cpp NEEDS sdk)
