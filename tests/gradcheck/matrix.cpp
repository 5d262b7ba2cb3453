// SPDX-License-Identifier: MIT
#include "gradcheck/matrix.h"

#include <fmt/format.h>

#include "gradcheck/rivals.h"

namespace wengert::mutants {
namespace {

CheckReport run(const Model& f, const Mutant& mutant) {
  const std::span<const Tensor> inputs = mutant.inputs;
  return mutant.second_order ? gradcheck_second_order(f, inputs) : gradcheck(f, inputs);
}

bool passes(const rivals::Rival& rival, const Model& f, const Mutant& mutant) {
  const auto rule = mutant.second_order ? rival.passes_second_order : rival.passes;
  return !rule || rule(f, mutant.inputs);
}

// A | would end the cell.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

const char* word(Outcome outcome) {
  switch (outcome) {
    case Outcome::missed: return "";
    case Outcome::caught: return "caught";
    case Outcome::rejects_both: return "rejects both";
  }
  return "";
}

Outcome outcome(bool wrong_passes, bool right_passes) {
  if (wrong_passes) return Outcome::missed;
  return right_passes ? Outcome::caught : Outcome::rejects_both;
}

}  // namespace

CheckReport checked(const Mutant& mutant) { return run(mutant.f, mutant); }
CheckReport checked_right(const Mutant& mutant) { return run(mutant.right, mutant); }

Matrix matrix() {
  Matrix result;
  result.rival_alarms.resize(rivals::rivals().size());
  for (const Mutant& mutant : mutants()) {
    const bool twin = static_cast<bool>(mutant.right);
    const CheckReport report = checked(mutant);
    const bool right_agrees = !twin || checked_right(mutant).agrees();
    Matrix::Row row{&mutant,
                    fmt::format("T{}", static_cast<int>(report.tier)),
                    std::string(wengert::to_string(report.hint)),
                    outcome(report.agrees(), right_agrees),
                    {}};
    result.rights += twin;
    result.false_alarms += !right_agrees;
    for (std::size_t k = 0; k < result.rival_alarms.size(); ++k) {
      const rivals::Rival& rival = rivals::rivals()[k];
      const bool right_passes = !twin || passes(rival, mutant.right, mutant);
      row.rivals.push_back(outcome(passes(rival, mutant.f, mutant), right_passes));
      result.rival_alarms[k] += !right_passes;
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

std::string markdown(const Matrix& matrix) {
  std::string text = "| mutant | what is wrong | caught by tier | hint | ours |";
  for (const rivals::Rival& rival : rivals::rivals()) text += fmt::format(" {} |", rival.name);
  text += "\n|---|---|---|---|---|";
  for (std::size_t k = 0; k < rivals::rivals().size(); ++k) text += "---|";
  text += "\n";
  std::size_t ours = 0;
  std::vector<std::size_t> theirs(rivals::rivals().size());
  for (const Matrix::Row& row : matrix.rows) {
    const Mutant& mutant = *row.mutant;
    text += fmt::format("| {} | {}{} | {} | {} | {} |", mutant.name, escaped(mutant.what),
                        mutant.origin.empty() ? "" : fmt::format(" ({})", mutant.origin), row.tier,
                        row.hint, word(row.ours));
    for (std::size_t k = 0; k < theirs.size(); ++k) {
      text += fmt::format(" {} |", word(row.rivals[k]));
      theirs[k] += row.rivals[k] == Outcome::caught;
    }
    text += "\n";
    ours += row.ours == Outcome::caught;
  }
  text += fmt::format("| **caught** | of {} | | | **{}** |", matrix.rows.size(), ours);
  for (const std::size_t caught : theirs) text += fmt::format(" **{}** |", caught);
  text += fmt::format("\n| **false alarms** | of {} right twins | | | **{}** |", matrix.rights,
                      matrix.false_alarms);
  for (const std::size_t alarms : matrix.rival_alarms) text += fmt::format(" **{}** |", alarms);
  return text + "\n";
}

}  // namespace wengert::mutants
