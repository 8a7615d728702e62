// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace partita {

/// Notices when a file, or a symbolic link that leads to it, may have changed: was
/// written, replaced or removed. Waits in a thread of its own and costs nothing while
/// nothing happens.
class file_watch {
public:
  /// Called in that thread. `why_not` says why changes cannot be noticed now; empty: they
  /// can. Called again without it once they can.
  using listener = std::function<void(const std::string& why_not)>;

  file_watch(std::string path, listener on_change);
  file_watch(const file_watch&) = delete;
  file_watch& operator=(const file_watch&) = delete;
  /// Waits for a running call of the listener, unless this is called by the listener.
  ~file_watch();

private:
  class waiter;

  std::shared_ptr<waiter> waiter_;
  std::thread thread_;
};

} // namespace partita
