// SPDX-License-Identifier: MIT
// The parts of the table, one a header of ops/.
#pragma once

#include <vector>

#include "table.h"

namespace wengert::op_table {

std::vector<Row> activation_rows();
std::vector<Row> arithmetic_rows();
std::vector<Row> elementwise_rows();
std::vector<Row> indexing_rows();
std::vector<Row> layout_rows();
std::vector<Row> linalg_rows();
std::vector<Row> random_rows();
std::vector<Row> reduce_rows();
std::vector<Row> sequence_rows();
std::vector<Row> softmax_rows();

}  // namespace wengert::op_table
