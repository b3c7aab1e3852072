file(GLOB imap_sources ${PROJECT_SOURCE_DIR}/plugins/imap/*.cpp)
fuzz_target(imap SOURCES ${CMAKE_CURRENT_LIST_DIR}/imap.cpp ${imap_sources} NEEDS sdk)
