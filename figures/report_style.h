// SPDX-License-Identifier: MIT
// The look of a report's page, on light and on dark screens and on paper.
#pragma once

#include <string_view>

namespace wengert::detail {

inline constexpr std::string_view report_style = R"(
:root{color-scheme:light dark;--paper:#fff;--ink:#1c1c1c;--soft:#5a5f66;--line:#d8dadd;
--card:#f6f7f8;--bad:#b3400a;--ok:#007355;--note:#0062a0;--heat:0,114,178}
@media (prefers-color-scheme:dark){:root{--paper:#1c1e21;--ink:#e4e4e4;--soft:#a4a9b0;
--line:#3c4046;--card:#25282c;--bad:#f58b45;--ok:#35cfa2;--note:#58b0ee;--heat:88,176,238}}
body{margin:0 auto;max-width:1080px;padding:1.5rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2rem 0 .6rem;
border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:0}
.small{color:var(--soft);font-size:.85rem;margin:.3rem 0}
.finding{background:var(--card);border-left:5px solid var(--note);padding:.6rem .9rem;margin:.6rem 0}
.finding p{margin:.3rem 0}.fault{border-color:var(--bad)}.fault h3{color:var(--bad)}
.good{border-color:var(--ok)}.good h3{color:var(--ok)}.remark h3{color:var(--note)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:.2rem 1.5rem;margin:0}
dl div{display:flex;justify-content:space-between;gap:1rem;border-bottom:1px dotted var(--line)}
dl .long{grid-column:1/-1}dt{color:var(--soft)}dd{margin:0;text-align:right;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
tbody th,thead th:first-child{text-align:left;font-weight:normal}thead th{color:var(--soft)}
.confusion td{text-align:center;background:rgba(var(--heat),calc(var(--share,0)*.6))}
.confusion td:last-child,.confusion tr:last-child td{background:none;color:var(--soft)}
.confusion thead th{text-align:center}.confusion .right{font-weight:bold}
figure{display:inline-table;margin:0 1rem 1rem 0;vertical-align:top}
figcaption{display:table-caption;caption-side:bottom;color:var(--soft);font-size:.85rem}
@media (max-width:1020px){figure,figcaption{display:block}}
.wg-strip{max-width:100%;height:auto}
@media print{body{max-width:none}section{break-inside:avoid}}
)";

}  // namespace wengert::detail
