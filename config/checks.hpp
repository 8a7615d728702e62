// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// Checks of one value; each says why it cannot be used, or nothing if it can.
namespace partita::config {

/// A NATS server's address: `nats://` or `tls://`, a host, perhaps a port, nothing else.
std::string why_no_url(std::string_view url);

/// Where a server listens: a host or an IPv6 address in brackets, ':' and a port; 0 is any
/// free one.
std::string why_no_listener(std::string_view address);

/// `url` with "(hidden)" in place of the part before an '@': it may be a password.
std::string without_secrets(std::string_view url);

/// A key of a partition: it becomes one or more tokens of a NATS subject.
std::string why_no_partition_key(std::string_view key);

/// A file that this process can read.
std::string why_unreadable(const std::string& path);

/// The file that the name of a program stands for: itself if it has a '/', else the first that
/// can be run in PATH. Empty if there is none.
std::string path_of_program(const std::string& program);

/// A program that this process can run.
std::string why_not_executable(const std::string& program);

/// The letters, digits, '_' and '-' of bucket names and ids.
bool is_name(std::string_view text);

/// Valid UTF-8 without control characters.
bool is_plain_text(std::string_view text);

} // namespace partita::config
