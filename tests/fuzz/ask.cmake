fuzz_target(ask_heard SOURCES ${CMAKE_CURRENT_LIST_DIR}/ask_heard.cpp NEEDS ask)
fuzz_target(ask_question SOURCES ${CMAKE_CURRENT_LIST_DIR}/ask_question.cpp NEEDS ask wire)
