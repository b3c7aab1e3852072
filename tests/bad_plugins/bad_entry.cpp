// Shared objects whose entry point is wrong.
#include <abk/plugin.h>

#include <stdexcept>

#ifndef BAD_no_symbol
namespace {

[[maybe_unused]] abk_backend* create(const abk_host*, abk_config* cfg) {
  cfg->problem(cfg, "", "this plugin should not have got here");
  return nullptr;
}

#ifdef BAD_wrong_name
[[maybe_unused]] constexpr const char* name = "somebody_else";
#else
[[maybe_unused]] constexpr const char* name = BAD_NAME;
#endif
#ifdef BAD_short_struct
[[maybe_unused]] constexpr std::uint32_t size = 16;
#else
[[maybe_unused]] constexpr std::uint32_t size = sizeof(abk_plugin);
#endif
#ifdef BAD_refuses_init
[[maybe_unused]] constexpr auto init = [](const abk_host*) { return false; };
#else
[[maybe_unused]] constexpr auto init = [](const abk_host*) { return true; };
#endif

const abk_plugin* entry() {
#ifdef BAD_throws_in_entry
  throw std::runtime_error("in the entry point");
#endif
#ifdef BAD_null_plugin
  return nullptr;
#else
  static const abk_plugin me = {size, ABK_ABI_MINOR, name, "0", init, create};
  return &me;
#endif
}

}  // namespace
#endif

#if defined(BAD_no_symbol)
extern "C" ABK_EXPORT int something_else(void) { return 1; }
#elif defined(BAD_wrong_major)
extern "C" ABK_EXPORT const abk_plugin* abk_plugin_2(void);
extern "C" ABK_EXPORT const abk_plugin* abk_plugin_2(void) { return entry(); }
#else
extern "C" ABK_EXPORT const abk_plugin* abk_plugin_1(void) { return entry(); }
#endif
