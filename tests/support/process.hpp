// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace partita::test {

struct process_result {
  /// -1: ended by a signal, or not within the limit.
  int code = -1;
  std::string out;
  std::string err;
};

/// How to talk to a process.
struct conversation {
  std::string input = {};
  /// All that it sees besides PATH.
  std::map<std::string, std::string> environment = {};
  /// Where it runs; empty: where we do.
  std::string folder = {};
  /// Of stdin, stdout and stderr, those that are closed when it starts.
  std::vector<int> closed = {};
  /// Asked whenever something new stands on stdout: once true, the process gets SIGTERM.
  std::function<bool(const std::string& out)> stop_when = {};
};

/// Runs the `partita` that was built beside this test program until it ends, but no
/// longer than 30 s.
process_result run_partita(const std::vector<std::string>& arguments,
                           const conversation& talk = {});

/// A folder that goes with this object.
class temporary_folder {
public:
  temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder();

  const std::string& path() const { return path_; }

  /// Writes a file into it; gives its path.
  std::string file(const std::string& name, const std::string& content) const;

private:
  std::string path_;
};

} // namespace partita::test
