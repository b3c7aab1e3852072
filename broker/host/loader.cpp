// Attack  whoever can write a plugin, or rename a directory above it, is inside the daemon. So the file is opened once, the
//         open file is judged, and that same open file is what is loaded.
#include "host/loader.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "base/text.hpp"
#include "host/answers.hpp"

namespace authbroker {
namespace {

constexpr const char* entry_symbol = "abk_plugin_1";
// What version 1.0 of the ABI had; a plugin's struct may be longer, never shorter.
constexpr std::uint32_t plugin_size_min = sizeof(abk_plugin);

// Which other major does it speak? For the message only.
std::string other_major(void* library) {
  for (int major = 2; major <= 9; ++major)
    if (dlsym(library, ("abk_plugin_" + std::to_string(major)).c_str()) != nullptr) return std::to_string(major);
  return {};
}

std::string judge(const abk_plugin* api, const std::string& name) {
  if (api == nullptr) return std::string(entry_symbol) + "() returned NULL";
  if (api->size < plugin_size_min)
    return "its abk_plugin has " + std::to_string(api->size) + " bytes; wanted: at least " + std::to_string(plugin_size_min) +
           " (it was built with ABI minor " + (api->size >= 8 ? std::to_string(api->abi_minor) : std::string("?")) + "; this broker has " + std::to_string(ABK_ABI_MINOR) + ")";
  if (api->name == nullptr || api->create == nullptr) return "its abk_plugin lacks a name or create()";
  if (std::string_view(api->name) != name) return "it calls itself \"" + escape_for_log(api->name, 64) + "\"; wanted: \"" + name + "\", as its file is called";
  return {};
}

}  // namespace

result<const loaded_plugin*> plugin_set::get(const std::string& name, const std::vector<std::string>& dirs) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
  if (!plain) return problem{"\"" + escape_for_log(name) + "\" is no name of a plugin; wanted: a-z, 0-9, - and _"};
  std::string file;
  std::string looked;
  for (const std::string& dir : dirs) {
    const std::string candidate = dir + "/" + name + ".so";
    if (access(candidate.c_str(), F_OK) == 0) {
      file = candidate;
      break;
    }
    looked += (looked.empty() ? "" : ", ") + dir;
  }
  const auto known = loaded_.find(name);
  struct stat s {};
  if (known != loaded_.end()) {
    if (!file.empty() && stat(file.c_str(), &s) == 0 && s.st_ino != known->second.inode)
      log_.line(level::warning, "plugin_replaced").field("plugin", name).field("file", file).field("text", "the file has changed; the new one is used after a restart of the daemon");
    return &known->second;
  }
  if (file.empty()) return problem{"no plugin \"" + name + "\": found no " + name + ".so in " + looked + "; wanted: another name, or its directory in broker.plugin_dirs"};
  const result<int> fd = open_checked(file, file_rule::trusted);
  if (!fd) return problem{"the plugin is refused: " + fd.error().text};
  fstat(*fd, &s);
  void* library = dlopen(("/proc/self/fd/" + std::to_string(*fd)).c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  const char* error = library == nullptr ? dlerror() : nullptr;
  std::string why = error == nullptr ? "" : error;
  // The name that it was loaded under says nothing to anybody.
  if (const std::string alias = "/proc/self/fd/" + std::to_string(*fd) + ": "; why.starts_with(alias)) why.erase(0, alias.size());
  // A loaded library keeps its descriptor: dlopen() finds libraries again by the name they were loaded under, so that a second
  // plugin under the same number would be taken for the first.
  if (library == nullptr) close(*fd);
  if (library == nullptr) return problem{file + " cannot be loaded: " + escape_for_log(why, 300)};
  using entry = const abk_plugin* (*)();
  const auto symbol = reinterpret_cast<entry>(dlsym(library, entry_symbol));
  if (symbol == nullptr) {
    const std::string other = other_major(library);
    return problem{file + (other.empty() ? " is no plugin: it has no symbol " + std::string(entry_symbol)
                                         : " speaks major " + other + " of the plugin ABI; wanted: major 1 (symbol " + std::string(entry_symbol) + ")")};
  }
  const abk_plugin* api = nullptr;
  try {
    api = symbol();
  } catch (...) {
    return problem{file + ": " + entry_symbol + "() threw an exception"};
  }
  if (const std::string bad = judge(api, name); !bad.empty()) return problem{file + ": " + bad};
  if (api->init != nullptr) {
    bool ready = false;
    try {
      ready = api->init(services_.api());
    } catch (...) {
      return problem{file + ": init() threw an exception"};
    }
    if (!ready) return problem{file + ": init() says that the plugin cannot work here; the log may say why"};
  }
  loaded_plugin made;
  made.name = name;
  made.file = file;
  made.version = api->version == nullptr ? "" : escape_for_log(api->version, 40);
  made.api = api;
  made.inode = s.st_ino;
  return &loaded_.emplace(name, std::move(made)).first->second;
}

}  // namespace authbroker
