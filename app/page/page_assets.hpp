// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace partita::app {

/// One file of app/page/assets.
struct page_asset {
  std::string_view name;
  /// Its Content-Type.
  std::string_view type;
  std::string_view text;
};

/// All of them, as they were when the program was built (cmake/EmbedPage.cmake).
const std::vector<page_asset>& page_assets();

} // namespace partita::app
