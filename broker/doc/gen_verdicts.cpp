// Writes authbroker-verdicts(7) from the table in base/verdict.cpp to standard output: the manual cannot say anything else than
// the code.
#include <cstdio>
#include <string>

#include "base/verdict.hpp"

namespace {

using namespace authbroker;

// Plain text as mdoc input: `code` becomes bold, and nothing at the start of a line is taken for a macro.
std::string roff(std::string_view text) {
  std::string out;
  bool code = false;
  for (const char c : text) {
    if (c == '`') {
      out += code ? "\\fR" : "\\fB";
      code = !code;
    } else if (c == '\\') {
      out += "\\e";
    } else if (c == '"') {
      out += "\\(dq";
    } else {
      out += c;
    }
  }
  // mdoc wants a new sentence on a new line.
  std::string lines;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool end = (out[i] == '.' || out[i] == '?') && i + 1 < out.size() && out[i + 1] == ' ';
    lines += out[i];
    if (end) {
      lines += '\n';
      ++i;
    }
  }
  if (!lines.empty() && (lines[0] == '.' || lines[0] == '\'')) lines.insert(0, "\\&");
  return lines;
}

struct part {
  verdict what;
  const char* text;
};

constexpr part parts[] = {
    {verdict::accept, "The password is right: the upstream said so, completely and in order, or a cache remembers that it did."},
    {verdict::reject, "The password is not right, or the account may not be used. The upstream said so, or the question could not be put to any upstream."},
    {verdict::exists, "The address exists."},
    {verdict::absent, "The address does not exist."},
    {verdict::unverifiable, "The upstream cannot tell whether the address exists. Each listener has its way of saying so: see authbroker.toml(5), `unverifiable`."},
    {verdict::tempfail, "It cannot be told now. Never a no, never a yes: the caller tries again later. Every trouble ends here: nets, certificates, time, broken replies, defects."},
    {verdict::no_route, "No route is responsible for the domain of the address."},
};

void write_part(const part& p) {
  const std::string_view title = name(p.what);
  std::printf(".Ss %.*s\n%s\n.Bl -tag -width Ds\n", static_cast<int>(title.size()), title.data(), roff(p.text).c_str());
  for (const verdict_row& row : verdict_table()) {
    if (row.what != p.what) continue;
    const std::string_view why = row.why == reason::none ? "(no reason)" : name(row.why);
    std::printf(".It %s%.*s\n%s\n", row.why == reason::none ? "" : "Cm ", static_cast<int>(why.size()), why.data(), roff(row.advice).c_str());
    if (!row.told.empty()) std::printf(".br\nTold to callers: \\(lq%s\\(rq\n", roff(row.told).c_str());
  }
  std::printf(".El\n");
}

}  // namespace

int main() {
  std::printf(
      ".\\\" Written by gen_verdicts from base/verdict.cpp: change it there.\n"
      ".Dd November 21, 2026\n.Dt AUTHBROKER-VERDICTS 7\n.Os\n.Sh NAME\n.Nm authbroker-verdicts\n"
      ".Nd what an answer of authbroker can be, and what to do about it\n"
      ".Sh DESCRIPTION\n"
      "An answer is a verdict and mostly a reason.\nA login is answered by\n.Cm accept , reject , tempfail\nor\n.Cm no_route ;\na mailbox by\n"
      ".Cm exists , absent , unverifiable , tempfail\nor\n.Cm no_route .\nBoth lists are closed, and only the pairs below occur.\n"
      "The text for callers is the same for wrong, unknown and locked accounts, so that nobody can learn from it which addresses exist;\n"
      "the log,\n.Xr authbroker 1\nand trusted callers get the reason.\n"
      ".Sh VERDICTS AND REASONS\n");
  for (const part& p : parts) write_part(p);
  std::printf(".Sh SEE ALSO\n.Xr authbroker 1 ,\n.Xr authbroker.toml 5 ,\n.Xr authbroker-http 7 ,\n.Xr authbroker-listeners 7\n");
  return std::fflush(stdout) == 0 ? 0 : 1;
}
