// SPDX-License-Identifier: MIT
// A training as one page to show: its curves, what they mean, the model, pictures, and everything
// that is needed to do it again.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "../figures/image_strip.h"
#include "../graph/tensor.h"
#include "history.h"
#include "model_ref.h"

namespace wengert {

/// What a report may hold beside what History and model tell; all of it may be left out.
struct ReportParts {
  std::string title = {};  ///< by default the file's name
  std::string notes = {};  ///< text below the title; blank lines part paragraphs

  /// Rows of images, e.g. originals and reconstructions; `image_height` by `image_width` pixels, or
  /// square if those are 0.
  std::vector<ImageRow> strips = {};
  std::size_t image_height = 0;
  std::size_t image_width = 0;

  /// A point for each sample, [n, 2], with its class i64 [n] if there are classes. Of more than
  /// 2000 points every so many'th is shown.
  Tensor latent = {};
  Tensor latent_classes = {};

  /// [classes, classes], how often: row the true class, column the predicted one.
  Tensor confusion = {};
  std::vector<std::string> class_names = {};  ///< by default 0, 1, ...

  /// What the model is given, for the summary: one sample [1, ...]. By default zeros of the shape
  /// in history.data; without either the parameters alone are listed.
  Tensor sample = {};
};

/// Writes one HTML page that loads nothing from elsewhere, and beside it the folder `<name>_files`
/// with the figures (.svg, .csv, .gp), the history (history.json, epochs.csv, steps.csv). Without
/// gnuplot the page says so in place of the figures. The model is not changed; it is run once, as
/// in use.
/// Errors: ShapeError or ValueError naming the part that does not fit, before anything is written;
/// FileError if the page or its folder cannot be written.
void report(const std::string& path, const ModelRef& model, const History& history,
            const ReportParts& parts = {});

}  // namespace wengert
