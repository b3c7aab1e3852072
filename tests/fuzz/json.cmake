fuzz_target(json_question SOURCES ${CMAKE_CURRENT_LIST_DIR}/json_question.cpp NEEDS wire)
fuzz_target(json_writer SOURCES ${CMAKE_CURRENT_LIST_DIR}/json_writer.cpp NEEDS wire)
