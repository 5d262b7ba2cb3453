// SPDX-License-Identifier: MIT
#include "transforms.h"

#include <fmt/format.h>

#include "backward.h"
#include "error.h"
#include "recording.h"

namespace wengert {

using detail::Leaf;
using detail::Recording;

namespace detail {
namespace {

// The tape a transform works on: that of its arguments, or a local one.
class Ground {
 public:
  /// `extra` is a cotangent or tangent: it may be what brings the tape.
  Ground(const char* transform, std::span<const Var> xs, const Var* extra = nullptr)
      : transform_(transform) {
    for (const Var& x : xs) stand_on(x);
    if (extra) stand_on(*extra);
    nested_ = recording_ != nullptr;
    if (!nested_) recording_ = &tape_.recording();
  }
  bool nested() const { return nested_; }
  Recording& recording() const { return *recording_; }

  /// `x` as something to differentiate by.
  Var tracked(const Var& x) const {
    return Recording::of(x) ? recording_->track(x) : recording_->leaf(x.value(), Leaf::variable);
  }
  Var constant(const Tensor& value) const { return recording_->leaf(value, Leaf::constant); }
  /// A cotangent that makes the pass recorded exactly if the transform is nested.
  Var seed(const Var& cotangent) const {
    if (!nested_ || Recording::of(cotangent)) return cotangent;
    return constant(cotangent.value());
  }
  /// Results leave a local tape as plain values.
  Var out(const Var& value) const { return nested_ ? value : Var(value.value()); }

  /// Gradients of y by xs, zeros where no path leads.
  std::vector<Var> gradients(const Var& y, const Var& cotangent, std::span<const Var> xs) const {
    std::vector<Var> result(xs.size());
    if (Recording* of_y = Recording::of(y); of_y && of_y != recording_)
      throw TapeError(
          fmt::format("{}: f returned a value of another tape; put the points and what f "
                      "captures on one tape with tape.input(...)",
                      transform_));
    if (y.tracked()) {
      Wrt by;
      by.add(xs);
      const Gradients found =
          Sweep(*recording_, std::span(&y, 1), std::span(&cotangent, 1), &by).run();
      for (std::size_t i = 0; i < xs.size(); ++i)
        if (const Var* gradient = found.find(xs[i])) result[i] = *gradient;
    }
    for (std::size_t i = 0; i < xs.size(); ++i)
      if (!result[i].value().defined()) result[i] = Var(zeros_like(xs[i].value()));
    return result;
  }

 private:
  void stand_on(const Var& x) {
    Recording* recording = Recording::of(x);
    if (!recording || recording == recording_) return;
    if (recording_)
      throw TapeError(
          fmt::format("{}: its arguments are on two tapes; put both on one, or pass a "
                      "value across with .value()",
                      transform_));
    recording_ = recording;
  }

  const char* transform_;
  Tape tape_;
  Recording* recording_ = nullptr;
  bool nested_ = false;
};

std::vector<Var> tracked(const Ground& ground, std::span<const Var> xs) {
  std::vector<Var> result;
  for (const Var& x : xs) result.push_back(ground.tracked(x));
  return result;
}

void require_scalar(const char* transform, const Var& y) {
  if (y.size() != 1)
    throw ShapeError(
        fmt::format("{}: f returned shape {}; it needs a scalar: reduce it, or use "
                    "jacobian or vjp",
                    transform, to_string(y.shape())));
}

void require_shape(const char* transform, const char* what, const Var& v, const Var& like) {
  if (v.shape() != like.shape())
    throw ShapeError(fmt::format("{}: the {} has shape {} and not {}", transform, what,
                                 to_string(v.shape()), to_string(like.shape())));
  if (v.dtype() != like.dtype())
    throw DTypeError(fmt::format("{}: the {} is {} and not {}", transform, what,
                                 to_string(v.dtype()), to_string(like.dtype())));
}

Pulled finish(const Ground& ground, const Var& y, const Var& cotangent, std::span<const Var> xs) {
  Pulled result{ground.out(y), ground.gradients(y, ground.seed(cotangent), xs)};
  for (Var& gradient : result.gradients) gradient = ground.out(gradient);
  return result;
}

// An alias that is tracked in any case; its pullback lets the cotangent through.
class Track final : public Op {
 public:
  std::string_view name() const override { return "track"; }
  Output infer(Operands in) const override { return {in[0].shape(), in[0].dtype()}; }
  void forward(Operands in, Tensor& out) const override { out = in[0]; }
  Tensor run(Operands in) const override { return in[0]; }
  bool takes_narrow_cotangent() const override { return true; }
  void pullback(Pullback& back) const override { back.to(0, back.cotangent()); }
};

}  // namespace

Var Recording::track(const Var& x) {
  static const Track op;
  if (!is_float(x.dtype())) throw DTypeError("grad: only f32 and f64 have gradients, got i64");
  const Var* input = &x;
  Var result = record(&op, std::span(&input, 1), x.value());
  nodes[result.index_].tracked = true;
  return result;
}

Pulled pull(const char* transform, const Function& f, std::span<const Var> xs,
            const Var* cotangent) {
  const Ground ground(transform, xs, cotangent);
  const std::vector<Var> points = tracked(ground, xs);
  const Var y = f(points);
  if (cotangent) require_shape(transform, "cotangent", *cotangent, y);
  else require_scalar(transform, y);
  return finish(ground, y, cotangent ? *cotangent : Var(ones_like(y.value())), points);
}

Pulled pull_ones(const Function& f, std::span<const Var> xs) {
  const Ground ground("derivative", xs);
  const std::vector<Var> points = tracked(ground, xs);
  const Var y = f(points);
  return finish(ground, y, ones_like(y.value()), points);
}

ValueAndTangent push(const Function& f, const Var& x, const Var& tangent) {
  require_shape("jvp", "tangent", tangent, x);
  const Ground ground("jvp", std::span(&x, 1), &tangent);
  const Var point = ground.tracked(x);
  const Var y = f(std::span(&point, 1));
  // J' c is linear in c: its derivative by c along the tangent is J times the tangent.
  const Var c = ground.recording().leaf(zeros_like(y.value()), Leaf::variable);
  const Var pulled = ground.gradients(y, c, std::span(&point, 1))[0];
  const Var pushed = ground.gradients(pulled, ground.seed(tangent), std::span(&c, 1))[0];
  return {ground.out(y), ground.out(pushed)};
}

Var hessian_product(const Function& f, const Var& x, const Var& v) {
  require_shape("hvp", "vector", v, x);
  const Ground ground("hvp", std::span(&x, 1), &v);
  const Var point = ground.tracked(x);
  const Var y = f(std::span(&point, 1));
  require_scalar("hvp", y);
  const Var one = ground.constant(ones_like(y.value()));
  const Var gradient = ground.gradients(y, one, std::span(&point, 1))[0];
  return ground.out(ground.gradients(gradient, ground.seed(v), std::span(&point, 1))[0]);
}

namespace {

Tensor unit(const Var& like, std::size_t element) {
  Tensor result = zeros_like(like.value());
  dispatch_float(result.dtype(), [&]<class T>(T) { result.mutable_data<T>()[element] = T{1}; });
  return result;
}

Shape joined(const Shape& y, const Shape& x) {
  Shape result = y;
  for (const std::size_t extent : x) result.append(extent);
  return result;
}

}  // namespace

Var jacobian_of(const Function& f, const Var& x) {
  const Ground ground("jacobian", std::span(&x, 1));
  const Var point = ground.tracked(x);
  const Var y = f(std::span(&point, 1));
  const Shape shape = joined(y.shape(), x.shape());
  if (!ground.nested()) {
    std::vector<Tensor> rows;
    for (std::size_t i = 0; i < y.size(); ++i)
      rows.push_back(ground.gradients(y, Var(unit(y, i)), std::span(&point, 1))[0].value());
    if (rows.empty()) return zeros(shape, x.dtype());
    return stack_rows(rows).reshape(shape);
  }
  // On a tape the rows are put in their places by ops that can be differentiated.
  Shape row_shape{1};
  for (const std::size_t extent : x.shape()) row_shape.append(extent);
  Shape stacked = row_shape;
  stacked[0] = y.size();
  Var result = zeros(stacked, x.dtype());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const Var row = ground.gradients(y, ground.constant(unit(y, i)), std::span(&point, 1))[0];
    Tensor place = zeros({y.size()}, x.dtype());
    dispatch_float(place.dtype(), [&]<class T>(T) { place.mutable_data<T>()[i] = T{1}; });
    Shape column{y.size()};
    for (std::size_t axis = 0; axis < x.rank(); ++axis) column.append(1);
    result = add(result, mul(Var(place.reshape(column)), reshape(row, row_shape)));
  }
  return reshape(result, shape);
}

}  // namespace detail

Tensor jacobian(const Var& y, const Var& x) {
  Recording* recording = Recording::of(y);
  if (!recording || !Recording::of(x))
    throw TapeError("jacobian: both values have to be on a tape");
  if (Recording::of(x) != recording) throw TapeError("jacobian: the values are on two tapes");
  if (!x.tracked())
    throw TapeError(
        "jacobian: x is not tracked; use tape.variable(...) instead of tape.input(...)");
  const Shape shape = detail::joined(y.shape(), x.shape());
  const Wrt by = wrt(x);
  std::vector<Tensor> rows;
  for (std::size_t i = 0; i < y.size(); ++i) {
    Tensor row = zeros_like(x.value());
    if (y.tracked() && Recording::index_of(x) <= Recording::index_of(y)) {
      const Var cotangent = detail::unit(y, i);
      const Gradients found =
          detail::Sweep(*recording, std::span(&y, 1), std::span(&cotangent, 1), &by).run();
      if (const Var* gradient = found.find(x)) row = gradient->value();
    }
    rows.push_back(row);
  }
  return rows.empty() ? zeros(shape, x.dtype()) : stack_rows(rows).reshape(shape);
}

}  // namespace wengert
