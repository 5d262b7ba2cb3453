// SPDX-License-Identifier: MIT
// Transforms against closed forms.
#include <cmath>

#include <wengert/gradcheck/gradcheck.h>
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

namespace {

Var rosenbrock(const Var& v) {
  const Var x = select(v, 0, 0), y = select(v, 0, 1);
  return square(1 - x) + 100 * square(y - x * x);
}

double largest_difference(const Var& a, const Var& b) {
  REQUIRE(a.shape() == b.shape());
  return max(abs(a - b)).item();
}

}  // namespace

TEST_CASE("Rosenbrock's function has its textbook gradient and Hessian") {
  const Var at = tensor({-1.2, 1.0}, f64);
  CHECK(largest_difference(grad(rosenbrock)(at), tensor({-215.6, -88.0}, f64)) < 1e-12);
  CHECK(largest_difference(hessian(rosenbrock, at), matrix({{1330, 480}, {480, 200}}, f64)) <
        1e-11);
}

TEST_CASE("a quadratic form has gradient (A + A^T) x and Hessian A + A^T") {
  Rng rng{1};
  const Var A = rng.normal({4, 4}, f64), x = rng.normal({4}, f64);
  const auto f = [&](const Var& v) { return dot(v, reshape(matmul(A, reshape(v, {4, 1})), {4})); };
  const Var S = A + transpose(A);
  CHECK(largest_difference(grad(f)(x), reshape(matmul(S, reshape(x, {4, 1})), {4})) < 1e-13);
  CHECK(largest_difference(hessian(f, x), S) < 1e-13);
  const Var v = rng.normal({4}, f64);
  CHECK(largest_difference(hvp(f, x, v), reshape(matmul(S, reshape(v, {4, 1})), {4})) < 1e-13);
}

TEST_CASE("the Jacobian of softmax is diag(s) - s s^T") {
  const Var x = tensor({0.5, -1.0, 2.0}, f64);
  const Var s = softmax(x);
  const Var expected = Var(eye(3, f64)) * s - outer(s, s);
  const auto f = [](const Var& v) { return softmax(v); };
  CHECK(largest_difference(jacobian(f, x), expected) < 1e-15);
}

TEST_CASE("the Jacobian between two values of a tape is zero where no path leads") {
  Tape tape;
  const Var x = tape.variable(tensor({1, 2}, f64));
  const Var h = 2 * x, y = square(h), unrelated = tape.variable(tensor({1}, f64));
  const Tensor J = jacobian(y, h);
  CHECK(J.shape() == Shape{2, 2});
  CHECK(J.at({0, 0}) == 4.0);
  CHECK(J.at({1, 0}) == 0.0);
  CHECK(J.at({1, 1}) == 8.0);
  CHECK(norm(Var(jacobian(y, unrelated))).item() == 0.0);
  CHECK(norm(Var(jacobian(h, y))).item() == 0.0);
}

TEST_CASE("vjp and jvp are adjoint: <v, J u> = <J' v, u>") {
  Rng rng{2};
  const Var W = rng.normal({4, 3}, f64);
  const auto f = [&](const Var& x) { return tanh(linear(x, W)) * sum(x); };
  const Var x = rng.normal({3}, f64), u = rng.normal({3}, f64), v = rng.normal({4}, f64);
  const Var pushed = jvp(f, x, u).tangent, pulled = vjp(f, x, v).gradient;
  CHECK(std::abs(dot(v, pushed).item() - dot(pulled, u).item()) < 1e-13);
  const Var J = jacobian(f, x);
  CHECK(largest_difference(pushed, reshape(matmul(J, reshape(u, {3, 1})), {4})) < 1e-13);
}

TEST_CASE("derivatives nest to third order") {
  const auto f = [](const Var& x) { return exp(x) * sin(x); };
  const auto f3 = derivative(derivative(derivative(f)));
  const Var x = linspace(0, 2, 7, f64);
  CHECK(largest_difference(f3(x), 2 * exp(x) * (cos(x) - sin(x))) < 1e-13);
}

TEST_CASE(
    "mixed partials of a small net agree whichever way round they are taken, to third order") {
  Rng rng{3};
  const Var w1 = rng.normal({8, 2}, f64), w2 = rng.normal({1, 8}, f64);
  const auto net = [&](const Var& x, const Var& t) {
    return sum(linear(tanh(linear(stack({x, t}, 0), w1)), w2));
  };
  const auto u_x = [&](const Var& x, const Var& t) {
    return grad([&](const Var& p) { return net(p, t); })(x);
  };
  const auto u_t = [&](const Var& x, const Var& t) {
    return grad([&](const Var& p) { return net(x, p); })(t);
  };
  const auto u_xx = [&](const Var& x, const Var& t) {
    return grad([&](const Var& p) { return u_x(p, t); })(x);
  };
  const auto u_tx = [&](const Var& x, const Var& t) {
    return grad([&](const Var& p) { return u_t(p, t); })(x);
  };
  // Both points are on one tape, so that an inner derivative sees what the outer one varies.
  Tape tape;
  const Var x0 = tape.input(scalar(0.3, f64)), t0 = tape.input(scalar(-0.8, f64));
  const Var u_xxt = grad([&](const Var& t) { return u_xx(x0, t); })(t0);
  const Var u_txx = grad([&](const Var& x) { return u_tx(x, t0); })(x0);
  CHECK(std::abs(u_xxt.item()) > 1e-3);
  CHECK(std::abs(u_xxt.item() - u_txx.item()) < 1e-13);
  // Against differences of the second derivative.
  const double h = 1e-4;
  const auto u_xx_at = [&](double t) { return u_xx(x0, tape.input(scalar(t, f64))).item(); };
  CHECK(u_xxt.item() == Approx((u_xx_at(-0.8 + h) - u_xx_at(-0.8 - h)) / (2 * h)).epsilon(1e-6));
}

TEST_CASE("value_and_grad gives the value and one gradient an argument") {
  const auto f = [](const Var& a, const Var& b) { return sum(a * b * b); };
  const auto [value, gradients] = value_and_grad(f)(Var(scalar(3.0)), Var(scalar(2.0)));
  CHECK(value.item() == 12.0);
  CHECK(gradients[0].item() == 4.0);
  CHECK(gradients[1].item() == 12.0);
}

TEST_CASE("an argument that a function does not use has gradient zero") {
  const auto f = [](const Var& a, const Var&) { return sum(a); };
  const auto gradients = grad(f)(Var(ones({2})), Var(ones({3})));
  CHECK(gradients[1].shape() == Shape{3});
  CHECK(norm(gradients[1]).item() == 0.0);
}

TEST_CASE("a loss made of a net's own derivatives has the gradient by its weights") {
  Rng rng{4};
  const Sequential net{Linear{1, 6, rng}, wengert::tanh, Linear{6, 1, rng}};
  const auto residual = [&](const Var& x) {
    const auto u = [&](const Var& p) { return net(p); };
    const auto u_x = derivative(u);
    const auto u_xx = derivative(u_x);
    return mean(square(u_xx(x) + u(x)));
  };
  const CheckReport report = gradcheck(residual, rng.normal({5, 1}));
  INFO(to_string(report));
  CHECK(report.agrees());
}

TEST_CASE("the Jacobian of a gradient can be taken on a tape") {
  const auto f = [](const Var& x) { return sum(x * x * x); };
  const auto trace = [&](const Var& x) { return sum(hessian(f, x) * Var(eye(2, f64))); };
  const Var g = grad(trace)(Var(tensor({1, 2}, f64)));
  CHECK(g.value().at({0}) == Approx(6.0));
  CHECK(g.value().at({1}) == Approx(6.0));
}

TEST_CASE("transforms say what they need") {
  const auto vector = [](const Var& x) { return 2 * x; };
  const Var x = ones({3});
  CHECK_THROWS_WITH(grad(vector)(x),
                    "value_and_grad: f returned shape [3]; it needs a scalar: reduce it, or use "
                    "jacobian or vjp");
  CHECK_THROWS_WITH(
      hvp(vector, x, x),
      "hvp: f returned shape [3]; it needs a scalar: reduce it, or use jacobian or vjp");
  CHECK_THROWS_WITH(vjp(vector, x, Var(ones({2}))), "vjp: the cotangent has shape [2] and not [3]");
  CHECK_THROWS_WITH(jvp(vector, x, Var(ones({2}))), "jvp: the tangent has shape [2] and not [3]");
}

TEST_CASE("the derivative of a net follows its training") {
  Rng rng{1};
  Linear line{1, 1, rng};
  const auto slope = derivative(line);
  line.weight.set(full({1, 1}, 7.0));
  CHECK(slope(Var(ones({3, 1}))).value().at({2, 0}) == 7.0);
}

TEST_CASE("transforms refuse values of another tape") {
  Tape tape, other;
  const Var w = tape.variable(tensor({1, 2})), x = ones({2});
  CHECK_THROWS_WITH(grad([&](const Var&) { return sum(w * w); })(x),
                    "value_and_grad: f returned a value of another tape; put the points and what f "
                    "captures on one tape with tape.input(...)");
  const auto f = [](const Var& v) { return 2 * v; };
  CHECK_THROWS_WITH(
      vjp(f, other.input(x), w),
      "vjp: its arguments are on two tapes; put both on one, or pass a value across with "
      ".value()");
  const ValueAndGradient pulled = vjp(f, x, w);  // the cotangent brings the tape
  CHECK(tape.backward(sum(pulled.gradient))[w].value().at({0}) == 2.0);
}
