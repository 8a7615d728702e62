// SPDX-License-Identifier: Apache-2.0
// From the grant to the database: why a fencing token, and where it is refused. Two members
// share a partition, one after the other. The first one keeps a write back, as a thread does
// that the machine gave no time, and sends it when the second one has long begun: SQLite refuses
// it, because it has seen a greater token. Ends with 0 if that happened.

#include <partita/embed/member.hpp>

#include <sqlite3.h>

#include <chrono>
#include <future>
#include <iostream>
#include <memory>
#include <utility>

using namespace partita::embed;

namespace {

/// Where the work takes effect. Used by one thread at a time, as SQLite's default allows it.
class database {
public:
  database() {
    check(sqlite3_open(":memory:", &db_));
    check(sqlite3_exec(db_,
                       "create table sums (partition text primary key, token integer not"
                       " null, sum integer not null)",
                       nullptr, nullptr, nullptr));
    // The token is compared and kept in the transaction that does the work: nothing can come
    // between.
    check(
        sqlite3_prepare_v2(db_,
                           "insert into sums values (?1, ?2, ?3) on conflict (partition)"
                           " do update set token = ?2, sum = sum + ?3 where token <= ?2",
                           -1, &add_, nullptr));
  }

  ~database() {
    sqlite3_finalize(add_);
    sqlite3_close(db_);
  }

  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// Adds to the sum of a partition; false: a greater token was seen.
  bool add(const grant& under, std::int64_t amount) {
    sqlite3_reset(add_);
    check(sqlite3_bind_text(add_, 1, under.name.c_str(), -1, SQLITE_TRANSIENT));
    check(sqlite3_bind_int64(add_, 2, static_cast<sqlite3_int64>(under.token)));
    check(sqlite3_bind_int64(add_, 3, amount));
    if (sqlite3_step(add_) != SQLITE_DONE)
      throw std::runtime_error{sqlite3_errmsg(db_)};
    auto done = sqlite3_changes(db_) == 1;
    std::cout << (done ? "written" : "refused") << ": " << amount << " to " << under.name
              << " under token " << under.token << std::endl;
    return done;
  }

private:
  void check(int code) const {
    if (code != SQLITE_OK)
      throw std::runtime_error{sqlite3_errmsg(db_)};
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* add_ = nullptr;
};

/// Joins the group and waits for the grant of its only partition.
std::pair<std::unique_ptr<member>, grant> join(const connection& nats) {
  auto granted = std::make_shared<std::promise<grant>>();
  options how{.group = "sums", .on_deadline = deadline_action::end_process()};
  how.rebalance.min_interval = std::chrono::seconds{1};
  how.partitions = [] { return std::vector<partition>{{{"sums", "all"}}}; };
  how.assigned = [granted, first = true](const work_assigned& x) mutable {
    std::cout << x.worker_id << " has " << x.partitions.front().name << " under token "
              << x.partitions.front().token << std::endl;
    // A partition may be assigned once more, under another token.
    if (std::exchange(first, false))
      granted->set_value(x.partitions.front());
  };
  how.revoke = [](const stop_order& x) { x.stopped(); };
  auto made = std::make_unique<member>(nats, how);
  return {std::move(made), granted->get_future().get()};
}

} // namespace

int main() {
  database sums;
  auto nats = connection::in_memory();
  auto [first, old_grant] = join(nats);
  auto good = sums.add(old_grant, 1);
  first->leave();
  auto [second, new_grant] = join(nats);
  good = good && sums.add(new_grant, 10);
  // The write that came too late. Without the token the sum would be wrong from here on.
  good = good && !sums.add(old_grant, 100) && sums.add(new_grant, 1000);
  std::cout << (good ? "the stale write was refused" : "failed") << std::endl;
  return good ? 0 : 1;
}
