// The manual page lists every key: the part between its two marks is what the table of keys makes.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/keys.hpp"

namespace authbroker {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') out += "\\e";
    else if (text[i] == '"') out += "\\(dq";
    else if (text[i] == ' ' && i > 0 && text[i - 1] == '.') out += '\n';  // each sentence on a line of its own
    else out += text[i];
  }
  // A full stop or quote at the start of a line would be a request.
  return out.starts_with(".") || out.starts_with("'") ? "\\&" + out : out;
}

std::string manual() {
  std::string out;
  bool open = false;
  const auto end_list = [&] {
    if (open) out += ".El\n";
    open = false;
  };
  for (const key_info& k : key_table()) {
    const bool below = k.path.find('.') != std::string_view::npos;
    if (!below) {
      end_list();
      const bool many = k.path == "listener" || k.path == "backend" || k.path == "route";
      if (k.type == key_type::table) out += ".Ss " + std::string(many ? "[[" : "[") + std::string(k.path) + (many ? "]]" : "]") + "\n" + escaped(k.about) + "\n";
      if (k.type == key_type::table) continue;
      out += ".Ss Top of the file\n";
    }
    if (!open) out += ".Bl -tag -width Ds\n";
    open = true;
    out += ".It Ic " + std::string(below ? k.path.substr(k.path.find('.') + 1) : k.path) + " Pq " + std::string(name(k.type));
    out += "\n" + escaped(k.about) + "\n";
    if (!k.fallback.empty() && k.fallback != "{}") out += "Default:\n.Li " + escaped(k.fallback) + "\n";
  }
  end_list();
  return out;
}

TEST(Manual, ListsEveryKey) {
  std::ostringstream page;
  page << std::ifstream(SOURCE_DIR "/broker/doc/authbroker.toml.5").rdbuf();
  const std::string text = page.str();
  const std::string from = ".\\\" keys: begin\n", to = ".\\\" keys: end\n";
  const std::size_t begin = text.find(from), end = text.find(to);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::string wanted = manual();
  if (text.substr(begin + from.size(), end - begin - from.size()) == wanted) return;
  const std::string file = BINARY_DIR "/authbroker.toml.5.keys";
  std::ofstream(file) << wanted;
  FAIL() << "the part between the marks should be what is now in " << file;
}

}  // namespace
}  // namespace authbroker
