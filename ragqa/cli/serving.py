"""``serve`` and ``mcp``: the libraries over HTTP, and as tools for an assistant on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import note
from ragqa.cli.streams import uncleaned

if TYPE_CHECKING:
    from ragqa.server.libraries import Libraries

_INDEX = typer.Option("--index", "-i", help="The one library to serve; all of them unless named.")
ServedIndex = Annotated[str | None, _INDEX]
Host = Annotated[str, typer.Option("--host", help="The address to listen at; only this machine reaches 127.0.0.1.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes any that is free.")]
Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]
RootPath = Annotated[str, typer.Option("--root-path", help="The path that a proxy serves it under, as in /manuals.")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Change nothing: no uploads, no removals, no feedback.")]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help="A file with the token that requests must bring."),
]
TrustedHeader = Annotated[
    str | None,
    typer.Option("--trusted-header", help="A header that a proxy sets for people it knows; others are refused."),
]
AllowOrigin = Annotated[
    list[str] | None,
    typer.Option("--allow-origin", help="Another address it is used from: a proxy's, a page's. May be repeated."),
]
Write = Annotated[bool, typer.Option("--write", help="Let the assistant add and remove documents too.")]


def serve(
    index: ServedIndex = None,
    host: Host = "127.0.0.1",
    port: Port = 8321,
    open_browser: Open = False,
    root_path: RootPath = "",
    read_only: ReadOnly = False,
    token_file: TokenFile = None,
    trusted_header: TrustedHeader = None,
    allow_origin: AllowOrigin = None,
    answerer: opt.AnswererOption = None,
    k: opt.K = None,
    mode: opt.ModeOption = None,
    home: opt.Home = None,
    embedder: opt.EmbedderOption = None,
    rerank: opt.Rerank = None,
    threshold: opt.Threshold = None,
    max_tokens: opt.MaxTokens = None,
    temperature: opt.Temperature = None,
    context_tokens: opt.ContextTokens = None,
    timeout: opt.Timeout = None,
    instructions: opt.Instructions = None,
    prompts: opt.Prompts = None,
) -> None:
    """Serve the libraries: a page for the browser, REST, OpenAI's interface and MCP, until Ctrl-C.

    Only this machine reaches it unless --host names another address, which then needs --token-file or, behind a proxy
    that signs people in, --trusted-header.
    """
    chosen = opt.given(locals())
    _check_extra()
    from ragqa.server.options import ServeOptions, check_options, origin_of, read_token, root_path_of

    options = check_options(
        ServeOptions(
            host=host,
            port=port,
            root_path=root_path_of(root_path),
            read_only=read_only,
            token=read_token(token_file) if token_file else None,
            trusted_header=trusted_header,
            origins=tuple(map(origin_of, allow_origin or ())),
        )
    )
    from ragqa.server.listening import listen

    listening = listen(options)
    libraries = _find(index, chosen, create=not read_only)
    from ragqa.server.running import serve as run

    run(libraries, options, listening, note, open_browser=open_browser)


def mcp(
    index: ServedIndex = None,
    write: Write = False,
    answerer: opt.AnswererOption = None,
    home: opt.Home = None,
    embedder: opt.EmbedderOption = None,
    rerank: opt.Rerank = None,
    threshold: opt.Threshold = None,
    timeout: opt.Timeout = None,
) -> None:
    """Serve the libraries to an assistant on this machine, by MCP over standard input and output."""
    chosen = opt.given(locals())
    _check_extra()
    libraries = _find(index, chosen, create=write)
    from ragqa.server.mcp_stdio import serve_stdio

    cleaned, sys.stdout = sys.stdout, uncleaned(sys.stdout)  # the protocol is the SDK's to write
    try:
        serve_stdio(libraries, write=write)
    finally:
        sys.stdout = cleaned
        libraries.close()


def _find(index: str | None, chosen: dict[str, Any], *, create: bool) -> Libraries:
    """Return the libraries to serve. What the first question needs loads while the web framework is imported."""
    from ragqa.server.libraries import Libraries

    libraries = Libraries.find(index, chosen, note, create=create)
    libraries.begin_to_warm()
    return libraries


def _check_extra() -> None:
    """Raise MissingExtra where what the server is built on is not installed."""
    from importlib.util import find_spec

    from ragqa.errors import MissingExtra

    if any(find_spec(name) is None for name in ("fastapi", "uvicorn", "mcp")):
        raise MissingExtra("ragqa[server] is needed to serve — pip install 'ragqa[server]'")
