#include "base/secret_setting.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/files.hpp"
#include "base/text.hpp"

namespace authbroker {
namespace {

constexpr const char* forms = "wanted: { file = \"/path\" } or { credential = \"name\" }";

// A name below the table: nullptr unless it is text.
const std::string* text_of(const setting& s) {
  s.read = true;
  return std::get_if<std::string>(&s.value);
}

result<secret> from_text(const std::string& text, const place& where) {
  struct stat s {};
  if (stat(where.file.c_str(), &s) != 0)
    return problem{"found the secret itself, and whether others can read " + where.file + " is unknown (" + std::strerror(errno) + "); " + forms};
  if ((s.st_mode & 007) != 0)
    return problem{"found the secret itself in a file that everybody can read; wanted: chmod o-rwx " + where.file +
                   ", or better { file = \"/path\" } or { credential = \"name\" }"};
  if (text.empty()) return problem{std::string("found an empty secret; ") + forms};
  if (text.size() > password_bytes_max) return problem{"found a secret of " + std::to_string(text.size()) + " bytes; wanted: at most " + std::to_string(password_bytes_max)};
  if (has_control(text)) return problem{"found a secret with control characters; wanted: one line of text"};
  return secret(text);
}

std::string absolute(const std::string& path, const place& where, const std::string& base_dir) {
  if (path.starts_with('/')) return path;
  if (!base_dir.empty()) return base_dir + "/" + path;
  const std::size_t slash = where.file.rfind('/');
  return slash == std::string::npos ? path : where.file.substr(0, slash + 1) + path;
}

const std::string* credential_name(const setting& written) {
  const auto* table = std::get_if<setting::table>(&written.value);
  if (table == nullptr || table->size() != 1 || table->begin()->first != "credential") return nullptr;
  const std::string* const name = text_of(table->begin()->second);
  return name == nullptr || name->empty() ? nullptr : name;
}

}  // namespace

bool credential_is_elsewhere(const setting& written) { return std::getenv("CREDENTIALS_DIRECTORY") == nullptr && credential_name(written) != nullptr; }

std::string secret_not_here(const setting& written) {
  written.read = true;
  const std::string* const name = credential_name(written);
  const std::string credential = name == nullptr ? "" : escape_for_log(*name, 80);
  return "the credential \"" + credential + "\" is not checked: systemd passes it to the unit only (LoadCredential=" + credential +
         ":/path there); root can look at a running unit's with CREDENTIALS_DIRECTORY=/run/credentials/authbroker.service";
}

result<secret> resolve_secret(const setting& written, const std::string& base_dir) {
  written.read = true;
  if (const auto* text = std::get_if<std::string>(&written.value)) return from_text(*text, written.where);
  const auto* table = std::get_if<setting::table>(&written.value);
  if (table == nullptr) return problem{"found " + std::string(type_name(written)) + "; " + forms};
  if (table->size() != 1) return problem{"found a table of " + std::to_string(table->size()) + " keys; " + forms};
  const auto& [key, value] = *table->begin();
  const std::string* const text = text_of(value);
  if (key != "file" && key != "credential") return problem{"found the key \"" + escape_for_log(key, 64) + "\"; " + forms};
  if (text == nullptr || text->empty()) return problem{"found no name under \"" + key + "\"; " + forms};
  if (key == "credential") return read_credential(*text);
  return read_secret_file(absolute(*text, written.where, base_dir));
}

}  // namespace authbroker
