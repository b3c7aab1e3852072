// Coroutines of one thread: task<T>, which begins when it is awaited, and run_task(), which runs one from outside.
//
// A chain is what run_task() began: a task, and the tasks it awaits one inside the other. At any moment it runs, or it stands at
// the innermost co_await, a leaf: an object that has taken the chain's `continuation` and will call it. Whoever drops the
// continuation instead destroys the chain: all frames, innermost first. So nothing outlives what it waits for.
//
// Much cheaper than Asio's awaitable, which brings an executor, a cancellation state and three frames of its own to each
// question. Thread: everything of a chain, the call of its continuation too, on the thread that started it.
#pragma once
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace authbroker {

// A leaf that can end before its time.
class stoppable {
 public:
  virtual void stop() = 0;  // must not call the continuation itself: later, by the loop

 protected:
  ~stoppable() = default;
};

// How whoever started a chain says that it does not wait any longer. Outlives the chain.
class stop_signal {
 public:
  // The leaf is told, and whatever the chain awaits after it throws task_stopped.
  void request() {
    requested_ = true;
    if (leaf_ != nullptr) leaf_->stop();
  }
  bool requested() const { return requested_; }
  void listen(stoppable* leaf) { leaf_ = leaf; }

 private:
  stoppable* leaf_ = nullptr;
  bool requested_ = false;
};

// Thrown by co_await in a chain that was asked to stop.
struct task_stopped : std::exception {
  const char* what() const noexcept override { return "nobody waits for the answer any longer"; }
};

// What run_task() made. Owned by the continuation, or while it runs by the function that runs it.
class task_chain {
 public:
  explicit task_chain(stop_signal* stop) : stop_(stop) {}
  task_chain(const task_chain&) = delete;
  task_chain& operator=(const task_chain&) = delete;
  virtual ~task_chain() = default;
  stop_signal* stop() const { return stop_; }
  // Runs on from `at` to the next leaf, or to the end and what is to happen then.
  static void run(std::unique_ptr<task_chain> chain, std::coroutine_handle<> at) {
    bool left = false;
    chain->left_ = &left;
    task_chain* const running = chain.release();
    at.resume();
    if (left) return;
    const std::unique_ptr<task_chain> over(running);
    over->end();
  }

 private:
  friend class continuation;
  virtual void end() = 0;
  stop_signal* stop_;
  bool* left_ = nullptr;
};

// A chain that stands still. Called once, it goes on, within the call; dropped, it is destroyed. Movable.
class continuation {
 public:
  continuation() = default;
  // For a leaf, in await_suspend().
  template <class Promise>
  explicit continuation(std::coroutine_handle<Promise> at) : chain_(at.promise().chain()), at_(at) {
    *chain_->left_ = true;
  }
  void operator()() { task_chain::run(std::move(chain_), at_); }
  // For a leaf whose await_suspend() is about to throw: the chain runs on, with the exception.
  void take_back() noexcept {
    if (chain_ != nullptr) *chain_.release()->left_ = false;
  }
  explicit operator bool() const { return chain_ != nullptr; }
  stop_signal* stop() const { return chain_->stop(); }

 private:
  std::unique_ptr<task_chain> chain_;
  std::coroutine_handle<> at_;
};

class task_promise_base {
  // By pointer: of a reference GCC 12 makes a copy.
  template <class Awaited>
  struct awaiting {
    bool await_ready() { return what->await_ready(); }
    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> h) { return what->await_suspend(h); }
    decltype(auto) await_resume() { return what->await_resume(); }
    Awaited* what;
  };

 public:
  std::suspend_always initial_suspend() noexcept { return {}; }
  auto final_suspend() noexcept {
    struct to_awaiting {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept { return then; }
      void await_resume() noexcept {}
      std::coroutine_handle<> then;
    };
    return to_awaiting{then_};
  }
  void unhandled_exception() noexcept { trouble_ = std::current_exception(); }
  template <class Awaited>
  auto await_transform(Awaited&& awaited) {
    if (const stop_signal* const s = chain_->stop(); s != nullptr && s->requested()) throw task_stopped();
    return awaiting<std::remove_reference_t<Awaited>>{&awaited};
  }
  void begin(task_chain* chain, std::coroutine_handle<> then) noexcept {
    chain_ = chain;
    then_ = then;
  }
  task_chain* chain() const noexcept { return chain_; }
  const std::exception_ptr& trouble() const noexcept { return trouble_; }

 private:
  task_chain* chain_ = nullptr;
  std::coroutine_handle<> then_;
  std::exception_ptr trouble_;
};

template <class T>
class task;

template <class T>
struct task_promise : task_promise_base {
  task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (trouble()) std::rethrow_exception(trouble());
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
struct task_promise<void> : task_promise_base {
  task<void> get_return_object();
  void return_void() noexcept {}
  void take() {
    if (trouble()) std::rethrow_exception(trouble());
  }
};

// What a coroutine that ends with a T returns. Nothing of it runs before it is awaited; destroying it ends it where it stands.
template <class T>
class [[nodiscard]] task {
 public:
  using promise_type = task_promise<T>;
  using handle = std::coroutine_handle<promise_type>;

  explicit task(handle frame) : frame_(frame) {}
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (frame_) frame_.destroy();
  }
  handle frame() const { return frame_; }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  handle await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    frame_.promise().begin(awaiting.promise().chain(), awaiting);
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

 private:
  handle frame_;
};

template <class T>
task<T> task_promise<T>::get_return_object() {
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() { return task<void>(std::coroutine_handle<task_promise>::from_promise(*this)); }

// Runs `what` at once, to its first leaf or its end. When it has ended, `done` is called with its exception or null, and, if
// T is not void, with its result, which after an exception is T{}. What `done` throws leaves run_task(), or the continuation.
template <class T, class Done>
void run_task(task<T> what, stop_signal* stop, Done done) {
  struct chain final : task_chain {
    chain(task<T>&& w, stop_signal* s, Done&& d) : task_chain(s), then(std::move(d)), top(std::move(w)) {
      top.frame().promise().begin(this, std::noop_coroutine());
    }
    void end() override {
      auto& ended = top.frame().promise();
      if constexpr (std::is_void_v<T>) then(ended.trouble());
      else if (ended.value) then(std::exception_ptr(), std::move(*ended.value));
      else then(ended.trouble(), T{});
    }
    Done then;    // after what it may keep alive: the frames go first
    task<T> top;
  };
  auto made = std::make_unique<chain>(std::move(what), stop, std::move(done));
  const std::coroutine_handle<> at = made->top.frame();
  task_chain::run(std::move(made), at);
}

}  // namespace authbroker
