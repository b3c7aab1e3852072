// The SDK: authbroker plugins in C++20, header-only, above the C ABI of <abk/plugin.h>. Needs the standard library only.
//
//   abk/secret.hpp   bytes that are never shown
//   abk/answer.hpp   questions, verdicts, reasons
//   abk/host.hpp     log, facts, settings
//   abk/session.hpp  backends and sessions as classes, and the border that lets no exception out
//   abk/talk.hpp     conversations as coroutines
//   abk/words.hpp    words of text protocols; not included here
//
// See authbroker-plugin(7).
#pragma once
#include <abk/talk.hpp>
