# room(NAME SOURCES ... [NEEDS room ...] [LIBRARIES target ...])
#
# A room of the house: one folder under broker/, one static library, whose headers are included as "name/header.hpp". A room
# sees the headers of the rooms it NEEDS, of what those need, and of no other: each room has an include folder of its own
# (a folder with one link), so that a forbidden include does not compile.
function(room name)
  cmake_parse_arguments(R "" "" "SOURCES;NEEDS;LIBRARIES" ${ARGN})
  set(door ${CMAKE_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${door})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${door}/${name} SYMBOLIC)
  if(R_SOURCES)
    add_library(${name} STATIC ${R_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(${name} PRIVATE authbroker_flags)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name} ${scope} ${door})
  target_include_directories(${name} SYSTEM ${scope} ${BOOST_INCLUDE_DIR})
  target_link_libraries(${name} ${scope} ${R_NEEDS} ${R_LIBRARIES} Threads::Threads)
endfunction()
