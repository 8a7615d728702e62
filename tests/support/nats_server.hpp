// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace partita::test {

/// Options of a test's own nats-server.
struct nats_server_options {
  /// A nats-server; empty: the one in PATH or /usr/sbin.
  std::filesystem::path program = {};
  /// A network namespace that it runs in, and its address there, where it has port 4222; empty:
  /// ours, and 127.0.0.1.
  std::string network = {};
  std::string address = "127.0.0.1";
  bool jetstream = true;
  /// Appended to the server's configuration file as it is: authorization, permissions,
  /// tls
  /// {...}, max_payload and so on. `$DIR` stands for the server's folder.
  std::string config = {};
  /// `tls` where the server demands TLS.
  std::string scheme = "nats";
  std::chrono::milliseconds patience{10'000};
};

/// A real nats-server that belongs to one test: on a free port of 127.0.0.1, with a store
/// in a folder of its own below the system's temporary one. Runs when the constructor
/// returns; the destructor kills it and removes the folder. It also dies with the thread
/// that started it, so that a test that crashes leaves nothing behind: start and restart
/// it from a thread that outlives it.
///
/// Every call throws std::runtime_error, with the server's log, if the server does not do
/// what it should within `patience`.
class nats_server {
public:
  explicit nats_server(nats_server_options options = {});
  nats_server(const nats_server&) = delete;
  nats_server& operator=(const nats_server&) = delete;
  ~nats_server();

  /// Whether there is a nats-server in PATH or /usr/sbin.
  static bool available();
  /// A port of 127.0.0.1 that no program listens on now.
  static std::uint16_t free_port();

  /// `nats://127.0.0.1:<port>`, with the address of its own if it has one; the same over
  /// restarts.
  std::string url() const;
  std::uint16_t port() const { return port_; }
  /// 0 while it does not run.
  pid_t pid() const { return pid_; }
  bool running() const { return pid_ > 0; }
  /// Its folder: `server.conf`, `server.log`, `store/`, and room for the test's own
  /// files.
  const std::filesystem::path& dir() const { return dir_; }
  /// What it has logged in its present run.
  std::string log() const;

  /// Kills it at once (SIGKILL) and waits for its end.
  void kill();
  /// Asks it to end (SIGTERM) and waits for that.
  void stop();
  /// Starts it again, on the same port and with the same store.
  void start();
  /// Starts it again if it has ended by itself; returns whether it had.
  bool restart_if_ended();
  void restart() {
    kill();
    start();
  }

  /// It keeps its connections but does nothing (SIGSTOP) until thaw().
  void freeze();
  void thaw();

  /// Removes what it has stored. Only while it does not run.
  void wipe();

  /// Replaces nats_server_options::config from the next start on.
  void configure(std::string config);
  /// Makes the running server read a changed configuration (SIGHUP) and waits until it
  /// has.
  void reload(std::string config);

private:
  bool try_start();
  void write_config() const;
  [[noreturn]] void fail(const std::string& what) const;
  void signal(int number) const;
  void reap();

  nats_server_options options_;
  std::filesystem::path dir_;
  std::uint16_t port_ = 0;
  bool port_is_ours_ = false;
  pid_t pid_ = 0;
};

/// A self-signed authority and a certificate for 127.0.0.1 and localhost, made with the
/// openssl program in `dir`: ca.pem, cert.pem, key.pem. False if there is no such
/// program.
bool make_certificates(const std::filesystem::path& dir);

} // namespace partita::test
