// Templates of filters and DNs, and what callers put into their places. The input is a template, a line end, and a name.
#include <algorithm>
#include <directory/filter.hpp>
#include <directory/messages.hpp>

#include "oracle.hpp"

namespace {

using namespace directory;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min(in.find('\n'), in.size());
  const std::string_view text = in.substr(0, cut);
  const std::string_view name = in.substr(std::min(cut + 1, in.size()));
  const values put_in{name, name, name};

  const auto f = filter_template::parse(text);
  must(f.value.has_value() == f.problem.empty(), "neither a filter nor a complaint");
  if (f.value) {
    // What it renders is a filter without places, and the same one.
    std::string rendered = f.value->render(put_in);
    for (std::size_t at = 0; (at = rendered.find('{', at)) != std::string::npos;) rendered.replace(at, 1, "\\7b");
    const auto again = filter_template::parse(rendered);
    if (!again.value) must(rendered.size() > filter_template::text_bytes_max, "rendered text that is no filter");
    else must(again.value->encode({}) == f.value->encode(put_in), "the text and the bytes say different things");
    search_request s;
    const std::string filter = f.value->encode(put_in);
    s.filter = filter;
    const std::string all = encode_search(1, s);
    must(next_message(all, all.size()).bytes == all.size() && decode(all).value.has_value(), "a search that is no message");
  }

  const auto d = dn_template::parse(text);
  must(d.value.has_value() == d.problem.empty(), "neither a DN nor a complaint");
  if (d.value) {
    const std::string dn = d.value->render(put_in);
    // A name adds no part: commas and pluses that are not escaped are the template's.
    const auto separators = [](std::string_view t) {
      std::size_t n = 0;
      for (std::size_t i = 0; i < t.size(); ++i) {
        if (t[i] == '\\') ++i;
        else if (t[i] == ',' || t[i] == '+') ++n;
      }
      return n;
    };
    must(separators(dn) == separators(d.value->render({"x", "x", "x"})), "a name that added a part to a DN");
  }
  return 0;
}
