// SPDX-License-Identifier: MIT
// xsimd, with the fused multiply-add that its version 8.1 lacks for AVX-512: it falls back to two
// roundings there, which makes everything that is a polynomial a third slower. Internal.
#pragma once

#include <xsimd/xsimd.hpp>

#if defined(__AVX512F__) && XSIMD_VERSION_MAJOR == 8 && XSIMD_VERSION_MINOR <= 1
namespace xsimd {

template <>
inline batch<float, default_arch> fma(const batch<float, default_arch>& x,
                                      const batch<float, default_arch>& y,
                                      const batch<float, default_arch>& z) noexcept {
  return _mm512_fmadd_ps(x, y, z);
}
template <>
inline batch<double, default_arch> fma(const batch<double, default_arch>& x,
                                       const batch<double, default_arch>& y,
                                       const batch<double, default_arch>& z) noexcept {
  return _mm512_fmadd_pd(x, y, z);
}
template <>
inline batch<float, default_arch> fms(const batch<float, default_arch>& x,
                                      const batch<float, default_arch>& y,
                                      const batch<float, default_arch>& z) noexcept {
  return _mm512_fmsub_ps(x, y, z);
}
template <>
inline batch<double, default_arch> fms(const batch<double, default_arch>& x,
                                       const batch<double, default_arch>& y,
                                       const batch<double, default_arch>& z) noexcept {
  return _mm512_fmsub_pd(x, y, z);
}
template <>
inline batch<float, default_arch> fnma(const batch<float, default_arch>& x,
                                       const batch<float, default_arch>& y,
                                       const batch<float, default_arch>& z) noexcept {
  return _mm512_fnmadd_ps(x, y, z);
}
template <>
inline batch<double, default_arch> fnma(const batch<double, default_arch>& x,
                                        const batch<double, default_arch>& y,
                                        const batch<double, default_arch>& z) noexcept {
  return _mm512_fnmadd_pd(x, y, z);
}

}  // namespace xsimd
#endif
