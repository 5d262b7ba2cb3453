// SPDX-License-Identifier: MIT
// What a node of a tape does: the interface that every op of ops/ implements. Ops are objects, not
// closures, so that a tape can be run again, in another precision, or read as a graph.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "var.h"

namespace wengert {

namespace detail {
class Sweep;
}

/// The values an op works on.
class Operands {
 public:
  explicit Operands(std::span<const Tensor* const> values) : values_(values) {}
  const Tensor& operator[](std::size_t k) const { return *values_[k]; }
  std::size_t size() const { return values_.size(); }

 private:
  std::span<const Tensor* const> values_;
};

/// A set of operands, by position (at most 31), and the output; what a pullback reads or needs.
class Operand {
 public:
  constexpr Operand() = default;
  static constexpr Operand none() { return Operand(0); }
  static constexpr Operand input(std::size_t k) { return Operand(1U << (k < 30 ? k : 30)); }
  static constexpr Operand output() { return Operand(1U << 31); }
  static constexpr Operand inputs() { return Operand(0x7fffffffU); }

  constexpr bool has_input(std::size_t k) const { return bits_ & (1U << (k < 30 ? k : 30)); }
  constexpr bool has_output() const { return bits_ >> 31; }
  constexpr bool any() const { return bits_ != 0; }
  constexpr Operand operator|(Operand other) const { return Operand(bits_ | other.bits_); }

 private:
  constexpr explicit Operand(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_ = 0;
};

/// What an op sees on the way back: the values it said it reads, and the cotangent of its output.
/// It answers with one cotangent for every input that needs one. In an ordinary backward everything
/// here is off the tape, so the ops of a pullback compute; when the cotangent is on a tape,
/// everything is, and they are recorded: that is the derivative of the derivative.
class Pullback {
 public:
  /// False if nobody asks for this input's gradient; work for it can be skipped.
  bool needs(std::size_t k) const;
  std::size_t input_count() const;
  bool recording() const;

  Var input(std::size_t k) const;
  Var output() const;
  Var cotangent() const;
  Shape input_shape(std::size_t k) const;
  Shape output_shape() const;
  /// True if input `k` has the output's shape.
  bool same_shape(std::size_t k) const;
  DType input_dtype(std::size_t k) const;

  /// Hands back the cotangent of input `k`. The engine adds it to what is there, and sums over axes
  /// that broadcasting had stretched. Errors: ShapeError or DTypeError if it fits the input in
  /// neither way.
  void to(std::size_t k, Var cotangent);

  /// The same without handles, for fused kernels; only while not recording.
  const Tensor& input_value(std::size_t k) const;
  const Tensor& output_value() const;
  /// May have a shape that broadcasts to the output's, if the op allows it.
  const Tensor& cotangent_value() const;
  /// The cotangent itself, to be reused as a result's memory; afterwards there is none.
  Tensor take_cotangent();
  /// Stretches a narrow cotangent to the output's shape.
  void stretch_cotangent();
  /// What has been gathered for input `k` so far, of the input's full shape and free to be added to
  /// in place; null if nothing is there yet, or while recording.
  Tensor* gathered(std::size_t k);

 private:
  friend class detail::Sweep;
  Pullback(detail::Sweep& sweep, std::uint32_t node) : sweep_(sweep), node_(node) {}
  detail::Sweep& sweep_;
  std::uint32_t node_;
};

class Op {
 public:
  /// What the output will be.
  struct Output {
    Shape shape;
    DType dtype;
  };

  Op() = default;
  Op(const Op&) = default;
  Op& operator=(const Op&) = delete;
  virtual ~Op() = default;

  virtual std::string_view name() const = 0;

  /// The shape rule. Errors: ShapeError or DTypeError saying which rule the operands break.
  virtual Output infer(Operands in) const = 0;
  /// Writes every element of `out`, which has the inferred shape and shares memory with nothing.
  virtual void forward(Operands in, Tensor& out) const = 0;
  /// `infer`, allocate, `forward`; ops that only look at their input in another way share memory.
  virtual Tensor run(Operands in) const;

  /// The values the pullback reads when the inputs in `needed` want a gradient; the tape keeps
  /// only these.
  virtual Operand reads(Operand needed) const;
  virtual void pullback(Pullback& back) const;
  /// Which way each element went, for ops that take branches (relu, abs, max, where, comparisons):
  /// as long as this stays the same, the op is smooth. Undefined for ops that are smooth everywhere
  /// they have a derivative. `out` is what `forward` made of `in`.
  virtual Tensor branches(Operands in, const Tensor& out) const;
  /// False for ops whose result carries no gradient (comparisons, argmax, ...).
  virtual bool differentiable() const { return true; }
  /// True if the pullback takes a cotangent that still has to be stretched to the output's shape.
  virtual bool takes_narrow_cotangent() const { return false; }
  /// Multiplications and additions of one forward, by the shapes; one an output element if an op
  /// does not say otherwise.
  virtual double flops(std::span<const Shape> in, const Shape& out) const;
  /// The op to use when the tape is run again in `dtype`, if it is another one.
  virtual std::shared_ptr<const Op> lifted(DType dtype) const;
};

}  // namespace wengert
