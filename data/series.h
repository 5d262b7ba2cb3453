// SPDX-License-Identifier: MIT
// Four bundled time series, all in the public domain; their origins are in data/bundled/README.md.
// Windows over a series are in windows.h, its standardisation in scaling.h.
#pragma once

#include <string>

#include "../graph/tensor.h"

namespace wengert::data {

struct Series {
  std::string name;
  std::string unit;  ///< of the values
  Tensor time;       ///< f64 [n], years: 1958.5 is the middle of 1958
  Tensor values;     ///< f64 [n]; NaN where nothing was measured
};

/// Mean sunspot numbers of the years 1700 to 2008.
Series sunspots();
/// Annual discharge of the Nile at Aswan, 1871 to 1970; the dam of 1899 is a step.
Series nile();
/// Sea surface temperature off Peru (the region Nino 1+2) in the months of 1950 to 2010; January is
/// at the year itself, February at 1/12 more.
Series elnino();
/// Carbon dioxide in the air at Mauna Loa, a value a week from 1958 to 2001; 59 weeks are missing
/// (NaN).
Series co2();

/// The same with missing values on straight lines between their neighbours.
/// Errors: ValueError if there is none before or behind one.
Series interpolated(const Series& series);

}  // namespace wengert::data
