"""Formulas of MathML and TeX on one line, as a person would type them."""

from __future__ import annotations

import pytest
from lxml.html import fragment_fromstring

from ragqa.readers import read_bytes
from ragqa.readers.formulas import mathml_to_text, tex_to_text

HALF = "<mfrac><mn>1</mn><mn>2</mn></mfrac>"
SUM = "<mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>"


@pytest.mark.parametrize(
    ("markup", "line"),
    [
        (f"<mi>E</mi><mo>=</mo>{HALF}<mi>m</mi><msup><mi>v</mi><mn>2</mn></msup>", "E = 1/2 m v^2"),
        (f"<mfrac>{SUM}<mi>c</mi></mfrac>", "(a+b)/c"),
        (f"<msqrt>{SUM}</msqrt>", "√(a+b)"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", "root(3, x)"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2"),
        (
            "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>k</mi>",
            "∑_(i=1)^n k",
        ),
        (f"<mn>2</mn>{HALF}<mspace width='1em'/><mi>mm</mi>", "2 1/2 mm"),
        ("<mn>3</mn><mo>&#x2062;</mo><mi>x</mi><mphantom><mi>y</mi></mphantom>", "3 x"),
        ("<mi>f</mi><mo>&#x2061;</mo><mo>(</mo><mi>x</mi><mo>,</mo><mi>y</mi><mo>)</mo>", "f(x, y)"),
        ("<mfenced open='[' separators=';'><mi>a</mi><mi>b</mi></mfenced>", "[a; b)"),
        (
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr>"
            "<mtr><mtd><mn>3</mn></mtd><mtd><mn>4</mn></mtd></mtr></mtable>",
            "[1, 2; 3, 4]",
        ),
        ("<semantics><mi>a</mi><annotation encoding='application/x-tex'>b</annotation></semantics>", "a"),
        ("<semantics><annotation encoding='application/x-tex'>\\frac{1}{4}</annotation></semantics>", "1/4"),
        ("<msup><mn>20</mn><mo>∘</mo></msup><mi>C</mi>", "20°C"),
        ("<mtext>power</mtext><mo>=</mo><mtext>flow</mtext><mo>×</mo><mtext>head</mtext>", "power = flow × head"),
        ("<msup><mn>10</mn><mrow><mo>−</mo><mn>3</mn></mrow></msup>", "10^-3"),
    ],
)
def test_mathml_is_linear_text(markup: str, line: str) -> None:
    assert mathml_to_text(fragment_fromstring(f"<math>{markup}</math>")) == line


def test_a_formula_without_elements_says_its_alternative_text() -> None:
    assert mathml_to_text(fragment_fromstring(r"<math alttext='\frac{3}{4}'></math>")) == "3/4"


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        ("10^5", "10^5"),
        ("10^{-3}", "10^-3"),
        (r"\frac{a+b}{2}", "(a+b)/2"),
        (r"\frac12", "1/2"),
        (r"12.5\,\mathrm{mm}", "12.5 mm"),
        (r"230\,\text{V} \pm 5\,\%", "230 V ± 5 %"),
        (r"R = 10\,\mathrm{k}\Omega", "R = 10 kΩ"),
        (r"2 \times 10^6", "2 × 10^6"),
        (r"20\,^{\circ}\mathrm{C}", "20 °C"),
        (r"\left( a \right)^2", "( a )^2"),
        (r"\sqrt[3]{x}", "root(3, x)"),
        (r"p_{max} \leq 6", "p_max ≤ 6"),
        (r"\begin{matrix}a\end{matrix}", ""),
        ("a}b", ""),
        ("{" * 500, ""),
        ("x" * 5000, ""),
    ],
)
def test_simple_tex_is_plain_text_and_all_else_is_left(formula: str, line: str) -> None:
    assert tex_to_text(formula) == line


def test_a_rendered_formula_is_said_once() -> None:
    katex = (
        '<span class="katex"><span class="katex-mathml"><math><semantics><msup><mn>10</mn><mn>5</mn></msup>'
        '<annotation encoding="application/x-tex">10^5</annotation></semantics></math></span>'
        f'<span class="katex-html" aria-hidden="true"><span>10</span><span>5{" wide" * 10}</span></span></span>'
    )
    wiki = (
        '<span class="mwe-math-element"><span class="mwe-math-mathml-inline" style="display:none"><math><mi>x</mi>'
        '</math></span><img class="mwe-math-fallback-image-inline" alt="{\\displaystyle x}"></span>'
    )
    source = r'<span class="math inline">\(10^6\)</span> <script type="math/tex">\frac{1}{2}</script>'
    html = f"<html><body><p>up to {katex} Pa, {wiki} and {source}.</p></body></html>"
    assert read_bytes(html.encode(), "x.html").text == "up to 10^5 Pa, x and 10^6 1/2."
