// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/process/child.hpp"

#include <filesystem>
#include <string>
#include <variant>

namespace partita::app {

/// A nats-server of our own with JetStream, on a free port of the loopback address and
/// with a new folder below the system's temporary one. It ends, and the folder goes, with
/// this object; should this process die first, the kernel ends the server.
class local_nats {
public:
  /// To be called on the thread that ends last. Returns once the server accepts connections;
  /// the other alternative says why there is none and what to do.
  static std::variant<local_nats, std::string> start();

  local_nats(local_nats&& other) noexcept;
  local_nats& operator=(local_nats&&) = delete;
  ~local_nats();

  const std::string& url() const { return url_; }

  /// Where it keeps everything.
  const std::filesystem::path& folder() const { return folder_; }

private:
  local_nats() = default;

  /// Why it is not; empty: it is.
  std::string wait_until_ready(int changes);

  std::filesystem::path folder_;
  child process_;
  std::string url_;
};

} // namespace partita::app
