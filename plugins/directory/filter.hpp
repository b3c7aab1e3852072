// Filters and DNs with places for what a question brings: {address}, {local} and {domain}. A template is parsed once, when the
// configuration is read; each question then puts its raw bytes into BER values of their own, where no byte can be taken for
// syntax. Immutable once parsed, so any thread may use one.
#pragma once
#include "text.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace directory {

// What a question brings. Raw bytes, borrowed for the call.
struct values {
  std::string_view address, local, domain;
};

template <class T>
struct parsed {
  std::optional<T> value;
  std::string problem;  // if there is no value: what was found and where, what is wanted
};

// Text and places in one value, such as "smtp:{address}".
class value_template {
 public:
  enum class place : std::uint8_t { none, address, local, domain };
  struct piece {
    place where = place::none;
    std::string literal;  // raw bytes, when where is none
  };
  void add(std::string_view literal);
  void add(place where) { pieces_.push_back({where, {}}); }
  bool empty() const noexcept { return pieces_.empty(); }
  const std::vector<piece>& pieces() const noexcept { return pieces_; }
  bool has(std::initializer_list<place>) const noexcept;  // one of them
  static std::string_view of(const piece&, const values&) noexcept;
  std::string raw(const values&) const;

 private:
  std::vector<piece> pieces_;
};

// A search filter, RFC 4515, extensible match included. Places may stand in assertion values only; a literal '{' there is \7b.
class filter_template {
 public:
  static constexpr std::size_t depth_max = 32;
  static constexpr std::size_t text_bytes_max = 4096;
  struct node;

  static parsed<filter_template> parse(std::string_view text);
  // The filter as an LDAP server reads it: for search_request::filter.
  std::string encode(const values&) const;
  // The same filter as text, values escaped: for people.
  std::string render(const values&) const;
  // Does any value contain this place?
  bool has(value_template::place) const noexcept;
  // Does all that matches bear one of these places? Not where an alternative is without them, and not by a negation.
  bool bears(std::initializer_list<value_template::place>) const noexcept;

 private:
  explicit filter_template(std::shared_ptr<const node> root) : root_(std::move(root)) {}
  std::shared_ptr<const node> root_;
};

// A distinguished name, RFC 4514. Places may stand in attribute values only.
class dn_template {
 public:
  static constexpr std::size_t text_bytes_max = 4096;

  static parsed<dn_template> parse(std::string_view text);
  std::string render(const values&) const;
  // Does it contain one of these places?
  bool bears(std::initializer_list<value_template::place>) const noexcept;

 private:
  explicit dn_template(value_template text) : text_(std::move(text)) {}
  value_template text_;
};

// Nothing if `text` is a DN without places (or empty, which is the root of everything); else what is wrong with it.
std::string dn_problem(std::string_view text);

}  // namespace directory
