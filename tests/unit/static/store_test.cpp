// Changes of the file while questions are answered.
#include "store.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <condition_variable>

#include "unit/base/temporary.hpp"

namespace static_users {
namespace {

using authbroker::test::temporary_folder;

// What the store reported, to wait for.
class reports {
 public:
  store::reporter reporter() {
    return [this](const char* event, const std::string& detail) {
      const std::lock_guard hold(mutex_);
      last_ = std::string(event) + " " + detail;
      ++count_;
      changed_.notify_all();
    };
  }
  // Calls `poke` until `n` reports have come, for at most ten seconds.
  template <class Poke>
  std::string wait(std::size_t n, Poke poke) {
    std::unique_lock hold(mutex_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (count_ < n && std::chrono::steady_clock::now() < until) {
      hold.unlock();
      poke();
      hold.lock();
      changed_.wait_for(hold, std::chrono::milliseconds(10), [&] { return count_ >= n; });
    }
    EXPECT_EQ(count_, n);
    return last_;
  }
  std::size_t count() {
    const std::lock_guard hold(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
  std::string last_;
};

class Store : public testing::Test {
 protected:
  std::vector<std::string> open() {
    std::vector<std::string> faults;
    opened_ = store_.open(faults);
    EXPECT_EQ(opened_, faults.empty());
    return faults;
  }
  void replace(const std::string& contents, mode_t mode = 0600) {
    dir_.write("new", contents, mode);
    ASSERT_EQ(std::rename((dir_.path() + "/new").c_str(), path_.c_str()), 0);
  }
  bool knows(const char* name) { return store_.now()->login(name) != nullptr; }

  temporary_folder dir_;
  std::string path_ = dir_.write("users", "ann@example.com:!\n", 0600);
  reports reports_;
  store store_{path_, reports_.reporter()};
  bool opened_ = false;
};

TEST_F(Store, AnswersFromTheFile) {
  EXPECT_TRUE(open().empty());
  EXPECT_TRUE(knows("ann@example.com"));
  EXPECT_FALSE(knows("bob@example.com"));
}

TEST_F(Store, AFileThatCannotServeIsSaidAtOnce) {
  dir_.write("users", "ann@example.com:!\nbob\ncarol@example.com:$nope$salt$hash\n", 0600);
  EXPECT_EQ(open(), std::vector<std::string>{path_ + ":2: found no colon; wanted: address:hash, address:! or @domain"});
  dir_.write("users", "ann@example.com:!\ncarol@example.com:$nope$salt$hash\n", 0600);
  EXPECT_EQ(open(), std::vector<std::string>{path_ + ":2: found a hash of a scheme that this machine's crypt(3) does not know; wanted: another one, such as \"authbroker hash-password\" makes"});
  dir_.write("users", "ann@example.com:!\n", 0644);
  EXPECT_EQ(open(), std::vector<std::string>{path_ + " has mode 0644, which lets everybody read password hashes; wanted: chmod o-rwx " + path_});
  dir_.write("users", "ann@example.com:!\n", 0660);
  EXPECT_EQ(open(), std::vector<std::string>{path_ + " has mode 0660, which lets others change it; wanted: chmod go-w " + path_});
  ASSERT_EQ(unlink(path_.c_str()), 0);
  EXPECT_EQ(open(), std::vector<std::string>{"cannot open " + path_ + ": No such file or directory"});
}

TEST_F(Store, ADirectoryThatOthersMayWriteIsRefused) {
  const std::string open_dir = dir_.folder("open", 0777);
  dir_.write("open/users", "ann@example.com:!\n", 0600);
  store other(open_dir + "/users", reports_.reporter());
  std::vector<std::string> faults;
  EXPECT_FALSE(other.open(faults));
  EXPECT_EQ(faults, std::vector<std::string>{"the directory " + open_dir + " has mode 0777, which lets others change it; wanted: chmod go-w " + open_dir});
}

TEST_F(Store, AReplacedFileServesTheNextLogin) {
  EXPECT_TRUE(open().empty());
  replace("bob@example.com:!\n");
  store_.renew();
  EXPECT_TRUE(knows("bob@example.com"));
  EXPECT_FALSE(knows("ann@example.com"));
  EXPECT_EQ(reports_.wait(1, [] {}), "file_reread 1 people");
}

TEST_F(Store, AReplacedSmallFileServesTheNextMailbox) {
  EXPECT_TRUE(open().empty());
  replace("bob@example.com:!\n");
  store_.renew_soon();
  EXPECT_TRUE(knows("bob@example.com"));
}

TEST_F(Store, AReplacedLargeFileServesMailboxesSoon) {
  EXPECT_TRUE(open().empty());
  replace("bob@example.com:!\n#" + std::string(60'000, 'x') + "\n#" + std::string(60'000, 'x') + "\n");
  reports_.wait(1, [this] { store_.renew_soon(); });
  EXPECT_TRUE(knows("bob@example.com"));
}

TEST_F(Store, AnOldTableStaysWholeForWhoHoldsIt) {
  EXPECT_TRUE(open().empty());
  const auto held = store_.now();
  replace("bob@example.com:!\n");
  store_.renew();
  EXPECT_NE(held->login("ann@example.com"), nullptr);
  EXPECT_EQ(held->login("bob@example.com"), nullptr);
}

TEST_F(Store, ABrokenNewFileChangesNothingAndIsToldOnce) {
  EXPECT_TRUE(open().empty());
  replace("bob@example.com\n");
  store_.renew();
  store_.renew();
  store_.renew();
  EXPECT_TRUE(knows("ann@example.com"));
  EXPECT_EQ(reports_.count(), 1u);
  EXPECT_EQ(reports_.wait(1, [] {}), "file_refused " + path_ + ":1: found no colon; wanted: address:hash, address:! or @domain");
  replace("carol@example.com:!\n");
  store_.renew();
  EXPECT_TRUE(knows("carol@example.com"));
}

TEST_F(Store, AMissingFileChangesNothingAndIsToldOnce) {
  EXPECT_TRUE(open().empty());
  ASSERT_EQ(unlink(path_.c_str()), 0);
  store_.renew();
  store_.renew();
  EXPECT_TRUE(knows("ann@example.com"));
  EXPECT_EQ(reports_.count(), 1u);
  replace("bob@example.com:!\n");
  store_.renew();
  EXPECT_TRUE(knows("bob@example.com"));
}

TEST_F(Store, AFileWrittenInPlaceIsReadWhenItIsQuiet) {
  EXPECT_TRUE(open().empty());
  dir_.write("users", "ann@example.com:!\nbo", 0600);  // half of it
  store_.renew();
  EXPECT_EQ(reports_.count(), 0u);
  dir_.write("users", "ann@example.com:!\nbob@example.com:!\n", 0600);
  EXPECT_EQ(reports_.wait(1, [this] { store_.renew(); }), "file_reread 2 people");
  EXPECT_TRUE(knows("bob@example.com"));
}

TEST_F(Store, ATouchedFileIsNoNews) {
  EXPECT_TRUE(open().empty());
  replace("ann@example.com:!\n");
  store_.renew();
  store_.renew();
  EXPECT_EQ(reports_.count(), 0u);
}

TEST_F(Store, ManyAskWhileItChanges) {
  EXPECT_TRUE(open().empty());
  std::atomic<bool> stop = false;
  std::vector<std::thread> askers;
  for (int i = 0; i < 4; ++i)
    askers.emplace_back([&, i] {
      while (!stop) {
        if (i % 2 == 0) store_.renew();
        else store_.renew_soon();
        const auto table = store_.now();
        // Each version of the file has exactly one of the two.
        ASSERT_NE(table->login("ann@example.com") == nullptr, table->login("bob@example.com") == nullptr);
      }
    });
  for (int i = 0; i < 50; ++i) replace(i % 2 == 0 ? "bob@example.com:!\n" : "ann@example.com:!\n");
  replace("bob@example.com:!\n# last\n");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!knows("bob@example.com") && std::chrono::steady_clock::now() < until) store_.renew();
  stop = true;
  for (std::thread& t : askers) t.join();
  store_.renew();
  EXPECT_TRUE(knows("bob@example.com"));
}

}  // namespace
}  // namespace static_users
