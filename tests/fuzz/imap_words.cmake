set(imap_folder ${PROJECT_SOURCE_DIR}/plugins/imap)
fuzz_target(imap_words SOURCES ${CMAKE_CURRENT_LIST_DIR}/imap_words.cpp ${imap_folder}/capabilities.cpp ${imap_folder}/plan.cpp ${imap_folder}/replies.cpp
  ${imap_folder}/spelling.cpp ${imap_folder}/verdicts.cpp NEEDS sdk)
target_include_directories(fuzz_imap_words PRIVATE ${PROJECT_SOURCE_DIR}/plugins)
