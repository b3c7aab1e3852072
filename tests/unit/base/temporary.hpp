// A folder of this test's own, gone at its end. Below /tmp, because checked files want every directory above them to be safe,
// and a checkout may lie anywhere.
#pragma once
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace authbroker::test {

class temporary_folder {
 public:
  temporary_folder() {
    char name[] = "/tmp/ab.XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  const std::string& path() const { return path_; }
  // Writes a file with exactly this mode, whatever the umask; returns its path.
  std::string write(const std::string& name, std::string_view contents, mode_t mode = 0644) const {
    const std::string file = path_ + "/" + name;
    std::ofstream(file, std::ios::binary | std::ios::trunc) << contents;
    if (chmod(file.c_str(), mode) != 0) throw std::runtime_error("chmod " + file);
    return file;
  }
  std::string folder(const std::string& name, mode_t mode = 0755) const {
    const std::string dir = path_ + "/" + name;
    if (mkdir(dir.c_str(), 0755) != 0 || chmod(dir.c_str(), mode) != 0) throw std::runtime_error("mkdir " + dir);
    return dir;
  }

 private:
  std::string path_;
};

}  // namespace authbroker::test
