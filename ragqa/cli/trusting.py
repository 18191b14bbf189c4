"""``trust``: approve what a folder's settings and libraries ask for, see what was approved, take it back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import print_json, say

Folder = Annotated[
    Path | None,
    typer.Argument(help="A folder with ragqa.toml or indexes/, or a library's own; the nearest one unless named."),
]


def trust(
    folder: Folder = None,
    listed: Annotated[bool, typer.Option("--list", help="Show what was approved, and change nothing.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the approval back.")] = False,
    as_json: opt.Json = False,
) -> None:
    """Approve a folder: the settings in its ragqa.toml as they are now, and its libraries with their embedders.

    Without this, settings of a folder that name models, prompts or other folders are ignored, and libraries that you
    did not make are not opened. A file that changes afterwards must be approved again.
    """
    from ragqa.approving import approve_folder, revoke_folder
    from ragqa.settings import home_folder
    from ragqa.trust import approvals

    if listed:
        kept = approvals()
        if as_json:
            print_json({"approved": [dataclasses.asdict(one) for one in kept]})
            return
        for one in kept:
            asks = ", ".join(filter(None, ("settings" if one.settings else None, one.embedder)))
            say(f"{one.folder} ({asks})" if asks else one.folder)
        return
    target = folder or home_folder()
    lines = revoke_folder(target) if revoke else approve_folder(target)
    if as_json:
        print_json({"folder": str(target), "revoked" if revoke else "approved": lines})
        return
    for line in lines:
        say(f"{'no longer approved' if revoke else 'approved'}: {line}")
