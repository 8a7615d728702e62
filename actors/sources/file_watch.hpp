// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace partita {

/// Notices when a file may have changed: written, replaced by another one, removed, or
/// reached through a symbolic link that was. Waits in a thread of its own and costs nothing
/// while nothing happens.
class file_watch {
public:
  /// Called in that thread. `why_not` is empty, or says why changes cannot be noticed now;
  /// once they can again it is called without.
  using listener = std::function<void(const std::string& why_not)>;

  file_watch(std::string path, listener on_change);
  file_watch(const file_watch&) = delete;
  file_watch& operator=(const file_watch&) = delete;
  /// Waits for a call that is under way, unless it is made by that call.
  ~file_watch();

private:
  class waiter;

  std::shared_ptr<waiter> waiter_;
  std::thread thread_;
};

} // namespace partita
