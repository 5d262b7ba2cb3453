// SPDX-License-Identifier: MIT
#include "gradcheck/mutants.h"

#include <iterator>

namespace wengert::mutants {

const std::vector<Mutant>& mutants() {
  static const std::vector<Mutant> all = [] {
    std::vector<Mutant> list;
    for (auto family : {elementwise, reductions, linear_and_index, recurrent, losses, models}) {
      std::vector<Mutant> some = family();
      list.insert(list.end(), std::make_move_iterator(some.begin()),
                  std::make_move_iterator(some.end()));
    }
    return list;
  }();
  return all;
}

}  // namespace wengert::mutants
