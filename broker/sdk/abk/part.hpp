// A part of a conversation: a coroutine that is resumed by hand, by the session it belongs to. It has no executor and no
// symmetric transfer (at -O0 GCC 12 turns that into recursion): a part that awaits another becomes its parent, and the runner
// resumes whichever is innermost. An await costs two pointer writes, and nested parts may be as deep as memory allows.
//
// Rules for GCC 12, in every function that awaits: no lambda with captures and no braced aggregate inside an expression with
// co_await; no co_await inside ?: ; parameters by value, or references whose owner awaits the call.
#pragma once
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace abk {

class runner;

namespace detail {

struct frame {
  std::coroutine_handle<> self;
  frame* parent = nullptr;
  runner* on = nullptr;
  std::exception_ptr trouble;

  std::suspend_always initial_suspend() noexcept { return {}; }
  std::suspend_always final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { trouble = std::current_exception(); }
};

template <class T>
struct frame_of : frame {
  std::optional<T> value;
  void return_value(T v) { value.emplace(std::move(v)); }
  T take() {
    if (trouble) std::rethrow_exception(std::exchange(trouble, nullptr));
    return std::move(*value);
  }
};
template <>
struct frame_of<void> : frame {
  void return_void() noexcept {}
  void take() {
    if (trouble) std::rethrow_exception(std::exchange(trouble, nullptr));
  }
};

}  // namespace detail

// Resumes the innermost part until everything is done or something waits. Owns nothing.
class runner {
 public:
  void start(detail::frame& outermost) noexcept {
    outermost.on = this;
    top_ = &outermost;
    waiting_ = false;
  }
  void enter(detail::frame& child, detail::frame& parent) noexcept {
    child.parent = &parent;
    child.on = this;
    top_ = &child;
  }
  void wait() noexcept { waiting_ = true; }
  bool waiting() const noexcept { return waiting_; }
  bool done() const noexcept { return top_ == nullptr; }
  void run() {
    waiting_ = false;
    while (top_ && !waiting_) {
      detail::frame* const now = top_;
      now->self.resume();
      if (now->self.done()) top_ = now->parent;
    }
  }
  void drop() noexcept {
    top_ = nullptr;
    waiting_ = false;
  }

 private:
  detail::frame* top_ = nullptr;
  bool waiting_ = false;
};

template <class T>
class [[nodiscard]] part {
 public:
  struct promise_type : detail::frame_of<T> {
    part get_return_object() noexcept {
      const auto h = std::coroutine_handle<promise_type>::from_promise(*this);
      this->self = h;
      return part(h);
    }
  };

  part() noexcept = default;
  part(part&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  part& operator=(part&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~part() { reset(); }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    parent.promise().on->enter(handle_.promise(), parent.promise());
  }
  T await_resume() { return handle_.promise().take(); }

  // For the runner's owner.
  explicit operator bool() const noexcept { return handle_ != nullptr; }
  detail::frame& outermost() noexcept { return handle_.promise(); }
  T take() { return handle_.promise().take(); }
  void reset() noexcept {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }

 private:
  explicit part(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace abk
