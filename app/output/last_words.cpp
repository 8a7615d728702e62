// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/last_words.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <poll.h>
#include <unistd.h>

namespace partita::app {

void last_words(std::string_view text) {
  constexpr int patience_ms = 1000;
  // A pipe or terminal that can be written takes at least so much without waiting.
  constexpr std::size_t at_a_time = PIPE_BUF;
  while (!text.empty()) {
    pollfd what{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&what, 1, patience_ms) <= 0 || (what.revents & POLLOUT) == 0)
      return;
    auto n = ::write(STDERR_FILENO, text.data(), std::min(text.size(), at_a_time));
    if (n < 0 && errno != EINTR && errno != EAGAIN)
      return;
    if (n > 0)
      text.remove_prefix(static_cast<std::size_t>(n));
  }
}

} // namespace partita::app
