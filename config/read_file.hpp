// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace partita::config {

/// Either the whole file, or why not.
struct file_content {
  std::string text;
  /// As "cannot be read: No such file or directory"; empty: `text` is all of it.
  std::string why_not;
};

/// Reads a file of at most max_file_bytes.
file_content read_file(const std::string& path);

} // namespace partita::config
