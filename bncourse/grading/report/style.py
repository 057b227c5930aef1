"""The style sheets of the pages: dark on white, for a screen, a phone and paper.

All text has a contrast of at least 4.5 : 1 on its ground (WCAG AA).
"""

from __future__ import annotations

BASE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.2rem 1.2rem 3rem;max-width:60rem;background:#fff;color:#1a1a1a;
font:1rem/1.5 Arial,Helvetica,"Liberation Sans",sans-serif;overflow-wrap:break-word}
h1{font-size:1.7rem;line-height:1.25;margin:.3rem 0 .6rem}
h2{font-size:1.35rem;line-height:1.3;margin:2.4rem 0 .6rem;padding-top:.8rem;
border-top:2px solid #1a1a1a}
h3{font-size:1.05rem;line-height:1.35;margin:1.6rem 0 .4rem}
p{margin:.5rem 0}
a{color:#00568a}
a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:3px solid #00568a;
outline-offset:2px}
code,.code{font-family:"DejaVu Sans Mono",Consolas,Menlo,monospace;font-size:.9em}
.code{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext}
.said{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext}
.quiet{color:#595959}
.sign{font-weight:700}
.alert{border:2px solid #a34700;border-left-width:10px;padding:.5rem .9rem;margin:1rem 0}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
white-space:nowrap}
@media print{body{max-width:none;padding:0;font-size:10.5pt}
h2,h3{break-after:avoid}a{color:inherit;text-decoration:none}}
"""

FEEDBACK = (
    BASE
    + """
body{max-width:48rem}
.score{font-size:1.25rem;margin:.2rem 0}
.jump{list-style:none;display:flex;flex-wrap:wrap;gap:.4rem;margin:.7rem 0 1rem;padding:0}
.jump a{display:block;border:1px solid #8a8a8a;border-radius:.3rem;padding:.15rem .55rem;
text-decoration:none;color:#1a1a1a}
.jump a:hover{background:#f2f2f2}
.task{border-left:6px solid;margin:1rem 0;padding:.1rem 0 .1rem .9rem;break-inside:avoid}
.task h3{margin:.1rem 0}
.state{margin:.1rem 0 .3rem}
dl{display:grid;grid-template-columns:7.5rem minmax(0,1fr);gap:.3rem 1rem;margin:.4rem 0}
dt{font-weight:700}
dd{margin:0}
.asks{font-weight:700}
.next{background:#f2f6f9;border:1px solid #a9c3d4;border-radius:.4rem;padding:.2rem 1rem .6rem;
margin:1.4rem 0;break-inside:avoid}
.next h3{margin-top:.5rem}
.next ul{margin:.3rem 0;padding-left:1.3rem}
.next li{margin:.3rem 0}
@media(max-width:36rem){body{padding:.8rem .8rem 2rem}
dl{grid-template-columns:minmax(0,1fr);gap:0}dt{margin-top:.5rem}}
@media print{.jump{display:none}}
"""
)

CLASS = (
    BASE
    + """
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.2rem,1fr));gap:.6rem;
margin:1rem 0;padding:0}
.tiles div{border:1px solid #c4c4c4;border-radius:.4rem;padding:.5rem .8rem}
.tiles dt{color:#595959}
.tiles dd{margin:0;font-size:1.5rem;font-weight:700;line-height:1.3}
.wide{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:.3rem 0;color:#595959}
th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;border-bottom:1px solid
#d8d8d8}
thead th{border-bottom:2px solid #1a1a1a;vertical-align:bottom}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
thead .n{white-space:normal}
.t{min-width:11rem;overflow-wrap:anywhere}
.who{min-width:7rem;max-width:16rem;overflow-wrap:anywhere}
.w details{margin:0}
.w summary{white-space:nowrap}
.w details[open]{min-width:14rem}
tbody th{font-weight:400}
.c{text-align:center}
details{margin:.4rem 0}
details table{width:auto}
summary{cursor:pointer;color:#00568a}
summary span{text-decoration:underline}
figure{margin:.8rem 0}
figure svg{display:block;width:100%}
figcaption{margin-bottom:.4rem}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.4rem 0;padding:0}
.key svg{display:inline-block;width:2rem;height:1rem;vertical-align:-.15rem;margin-right:.4rem}
.names{margin:.3rem 0 .3rem 1rem}
tbody tr{break-inside:avoid}
@media(max-width:36rem){body{padding:.8rem .8rem 2rem}}
"""
)
