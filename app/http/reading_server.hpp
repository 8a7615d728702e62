// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace partita::app {

/// The library's server, but for who waits: each connection gets one of many threads, the
/// newest first, and loses it if no request comes. So neither slow nor idle clients keep
/// others waiting. Each connection serves one request.
class reading_server : public httplib::Server {
public:
  reading_server();

private:
  struct queue;

  bool process_and_close_socket(socket_t socket) override;
  template <class Stream>
  void serve(Stream& stream);
  void work();
  void end();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<int> waiting_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool ending_ = false;
};

} // namespace partita::app
