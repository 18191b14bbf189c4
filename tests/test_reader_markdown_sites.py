"""Markdown as its site shows it: what generators add is words, and what they hide is gone."""

from __future__ import annotations

import pytest

from ragqa.readers import read_bytes


def lines(source: str) -> list[str]:
    """Return the text of each block of a file."""
    document = read_bytes(source.encode(), "x.md")
    return [document.text[block.start : block.end] for block in document.blocks]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (
            '!!! warning "Hot lid"\n    Wait for 20 minutes.\n    Wear gloves.\n\nAfter.',
            ["Warning: Hot lid. Wait for 20 minutes. Wear gloves.", "After."],
        ),
        ("??? note\n\n    Old models wait 9 minutes.\n", ["Note: Old models wait 9 minutes."]),
        ('???+ tip "Why?"\n    So.\n', ["Tip: Why? So."]),
        ("> [!CAUTION]\n> Keep clear.\n", ["Caution: Keep clear."]),
        ("> [!tip]- Folded\n> Text.\n", ["Tip: Folded. Text."]),
        (":::danger\nNever cover it.\n:::\n\nAfter.", ["Danger: Never cover it.", "After."]),
        (":::tip[My title]\nText.\n:::", ["Tip: My title. Text."]),
        ('::: {.callout-warning title="Hot"}\nText.\n:::', ["Warning: Hot. Text."]),
        ('::: {.column width="40%"}\nText.\n:::', ["Text."]),
        ("```{warning} Hot\n:class: x\n\nText.\n```\n", ["Warning: Hot. Text."]),
        ("````{note}\nOuter.\n```{tip}\nInner.\n```\n````\n", ["Note: Outer.", "Tip: Inner."]),
        ('{% hint style="danger" %}\nText.\n{% endhint %}', ["Danger: Text."]),
        ("{{< note >}}\nText.\n{{< /note >}}", ["Note: Text."]),
        ('{{% alert title="Heads up" %}}\nText.\n{{% /alert %}}', ["Heads up. Text."]),
        ('{% include warning.html content="Hot!" %}\n\nText.', ["Warning: Hot!", "Text."]),
        ("{: .warning }\nText.\n", ["Warning: Text."]),
        ("{% raw %}\nText {{< param x >}} here.\n{% endraw %}", ["Text here."]),
        (":::warning 小心高温\n请勿触摸。\n:::", ["小心高温：请勿触摸。"]),
    ],
)
def test_boxes_are_words_and_their_text_is_text(source: str, shown: list[str]) -> None:
    assert lines(source) == shown


def test_a_box_may_hold_anything_and_stand_in_a_list() -> None:
    assert lines("1. One\n\n    !!! note\n        Inner.\n\n    More.\n\n2. Two\n") == [
        "1. One",
        "Note: Inner.",
        "More.",
        "2. Two",
    ]
    assert lines("!!! danger\n\n    - a\n    - b\n\n    ```sh\n    !!! run\n    ```\n") == [
        "Danger:",
        "a",
        "b",
        "!!! run",
    ]


def test_what_stands_in_a_tab_keeps_its_label() -> None:
    assert lines(
        '=== "Model A"\n\n    1. Press.\n    2. Hold.\n\n    Then wait.\n\n=== "Model B"\n\n    Set 5.\n\nAfter.'
    ) == [
        "1. Model A: Press.",
        "2. Model A: Hold.",
        "Model A: Then wait.",
        "Model B: Set 5.",
        "After.",
    ]
    assert lines('<Tabs>\n<TabItem value="b" label="Model B">\n\nSet 5.\n\n</TabItem>\n</Tabs>\n') == [
        "Model B: Set 5."
    ]


def test_code_is_left_alone() -> None:
    code = '!!! warning "x"\n:::note\n{{< y >}} [^1] ~~a~~ $10^5$'
    assert lines(f"```\n{code}\n```\n") == [code]
    assert lines(f"    {code.splitlines()[0]}\n") == [code.splitlines()[0]]
    assert lines("Run `a ~~b~~ {{< c >}} $10^5$ [[d]]` now.") == ["Run a ~~b~~ {{< c >}} $10^5$ [[d]] now."]


@pytest.mark.parametrize(
    "front",
    [
        '---\ntitle: "Mixer"\nparts:\n  - A-1\n---\n',
        "---\ntitle: >-\n  Mixer\n---\n",
        "---\ntitle: Mixer # draft\n---\n",
        '+++\ntitle = "Mixer"\n+++\n',
        '{"title": "Mixer", "n": 1}\n',
    ],
)
def test_front_matter_is_the_title_and_no_text(front: str) -> None:
    document = read_bytes(f"{front}\nText.\n".encode(), "x.md")
    assert (document.title, document.text) == ("Mixer", "Text.")


def test_scripts_strikes_and_formulas() -> None:
    assert lines("10^5^ h, H~2~O, m^2^, 10<sup>6</sup> and CO<sub>2</sub>; 5~10 m, 0~10V,0~20mA.") == [
        "10^5 h, H2O, m², 10^6 and CO2; 5~10 m, 0~10V,0~20mA."
    ]
    assert lines("~~Old~~ <del>odd</del> New.\n\n- ~~gone~~\n- kept\n\n| a | b |\n|--|--|\n| ~~1~~ | 2 |\n") == [
        "New.",
        "kept",
        "a | b",
        " | 2",
    ]
    assert lines(
        r"$p_{max} = 10^{5}$ Pa, \(\frac{1}{2}\) mm, $5\,\mathrm{mm}$, $\begin{x}$; costs $5 or $10, $HOME/a:$PATH"
    ) == [r"p_max = 10^5 Pa, 1/2 mm, 5 mm, $\begin{x}$; costs $5 or $10, $HOME/a:$PATH"]
    assert lines("$$\nE = m c^2\n- 1\n$$\n") == ["E = m c^2 - 1"]


def test_footnotes_stand_with_their_statement() -> None:
    note = "[^1]: Only with seal S1."
    assert lines(f"At most 6 bar[^1].\n\n| Max |\n|---|\n| 6 bar[^1] |\n\n{note}\n\nEnd.") == [
        "At most 6 bar (note: Only with seal S1).",
        "Max",
        "6 bar (note: Only with seal S1)",
        "End.",
    ]
    long = "This is said at length. " * 10
    assert lines(f"It holds[^n].\n\n[^n]: {long}\n") == ["It holds.", f'Note to "It holds": {long.strip()}']


def test_definitions_tasks_links_and_what_is_never_shown() -> None:
    assert lines("Fuse F1\n: 10 A\n: slow\n\nFuse F2\nFuse F3\n\n:   16 A\n    or more\n") == [
        "Fuse F1: 10 A",
        "Fuse F1: slow",
        "Fuse F2, Fuse F3: 16 A or more",
    ]
    assert lines("- [x] done\n- [ ] open\n") == ["☑ done", "☐ open"]
    assert lines("See [[Page|the words]], [[Other#part]] and [[1]](http://x).") == ["See the words, Other and [1]."]
    assert lines('# H {#id .c}\n\n[TOC]\n\n--8<-- "a.md"\n\n*[A]: b\n\nText <!-- a > b --> on.{: .c }\n') == [
        "H",
        "Text on.",
    ]
    assert lines("<div hidden>\nsecret\n</div>\n\n![image](a.png) ![The lid](b.png){width=50%}\n") == [
        "[image: The lid]"
    ]


def test_a_bar_within_code_parts_no_cell() -> None:
    assert lines("| C | M |\n|---|---|\n| `a | b` | broken |\n| `c \\| d` | whole |\n")[1:] == [
        "a ¦ b | broken",
        "c ¦ d | whole",
    ]
