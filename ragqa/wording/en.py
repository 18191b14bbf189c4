"""English labels. What English questions and manuals look like stands with the rules."""

from __future__ import annotations

from ragqa.wording.record import Labels, Wording

_VALUES = (
    "reason time length weight temperature power voltage current capacity rate torque pressure noise_level volume size "
    "percentage resolution price colour interval number number_of_them value"
)

WORDING = Wording(
    Labels(
        page="page {page}",
        rest="; the rest stands on page {page}",
        steps="(steps 1 to {shown} of {total}{rest})",
        goes_on="(it goes on there)",
        see_also="See also: ",
        nearest="The nearest it has is “{name}” ({place}){missing}.",
        missing=", which gives no {value}",
        same="{label} says the same. [{marker}]",
        silent="{label} does not say.",
        corrected='"{word}" taken for "{taken_for}"',
        unsupported="not in the passages: ",
        values={name.replace("_", " "): name.replace("_", " ") for name in _VALUES.split()},
    )
)
