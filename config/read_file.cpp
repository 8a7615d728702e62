// SPDX-License-Identifier: Apache-2.0
#include "partita/config/read_file.hpp"

#include "partita/config/limits.hpp"

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace partita::config {

file_content read_file(const std::string& path) {
  file_content result;
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  std::array<char, 65536> buffer;
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    result.text.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (result.text.size() > max_file_bytes) {
      result.why_not = "is larger than " + std::to_string(max_file_bytes >> 20) + " MB";
      return result;
    }
  }
  // A missing file fails to open, a directory opens and fails to be read.
  if (!in.eof())
    result.why_not =
        "cannot be read: " + std::generic_category().message(errno != 0 ? errno : ENOENT);
  return result;
}

} // namespace partita::config
