// The few functions of Boost.JSON that are no templates, as this room's own: a module that strangers load shall not need
// another library, least of all one whose version its host may disagree about.
#define BOOST_JSON_SOURCE
#define BOOST_JSON_STATIC_LINK
#include <boost/json/src.hpp>
