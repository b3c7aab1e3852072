#include "front/status_page.hpp"

namespace authbroker {

std::string status_page(std::string_view lines) {
  std::string page = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>authbroker</title>\n<h1>authbroker</h1>\n<pre>";
  for (const char c : lines) switch (c) {
      case '<': page += "&lt;"; break;
      case '>': page += "&gt;"; break;
      case '&': page += "&amp;"; break;
      default: page += c;
    }
  page += "</pre>\n</html>\n";
  return page;
}

}  // namespace authbroker
