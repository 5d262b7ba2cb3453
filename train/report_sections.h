// SPDX-License-Identifier: MIT
// The tables of a report, each as a piece of HTML.
#pragma once

#include <string>
#include <vector>

#include "../graph/tensor.h"
#include "diagnosis.h"
#include "history.h"
#include "model_ref.h"

namespace wengert::detail {

std::string diagnosis_section(const Diagnosis& diagnosis);
/// The few numbers that are asked for first.
std::string facts_section(const History& history);
/// `sample` is [1, ...]; if it is not defined, or the model does not take it, parameters alone.
std::string model_section(const ModelRef& model, const Tensor& sample);
std::string gradient_section(const History& history);
/// A heat map with counts, recall and precision. Errors: as check_confusion.
std::string confusion_section(const Tensor& confusion, const std::vector<std::string>& names);
/// Errors: ShapeError or ValueError if it is no square matrix of counts, or the names are not as
/// many.
void check_confusion(const Tensor& confusion, const std::vector<std::string>& names);
std::string epochs_section(const History& history);
/// Machine, data, seed, fingerprint, times.
std::string provenance_section(const ModelRef& model, const History& history);

}  // namespace wengert::detail
