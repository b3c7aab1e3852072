// What GET /v1/status, GET / and GET /metrics show. The daemon implements it; every function is called on a worker, must not
// block, and costs what it costs: callers are people and monitors.
#pragma once
#include <string>

namespace authbroker {

class status_source {
 public:
  virtual ~status_source() = default;
  virtual std::string status_json() = 0;  // one JSON object
  virtual std::string status_text() = 0;  // lines for people
  virtual std::string metrics() = 0;      // OpenMetrics; "" if there are none: 404 then
};

}  // namespace authbroker
