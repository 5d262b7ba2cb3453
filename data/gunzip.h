// SPDX-License-Identifier: MIT
// gzip data as a stream, by zlib. Internal.
#pragma once

#include "byte_source.h"

namespace wengert::data {

/// Uncompresses what `compressed` gives: one gzip member, or several one after the other.
/// Errors, when read: FileError if it ends within a member, a sum does not agree, or other bytes
/// follow.
ByteSource::Read gunzip(const Origin& origin, ByteSource::Read compressed);

}  // namespace wengert::data
