"""The server: a browser page, REST, OpenAI's interface and MCP over the libraries of a home, in one process.

``docs/server.md`` is its interface. Answers come from ``engine.Library``, as on the command line; nothing is decided
here about what a manual says. It needs the extra ``server``.
"""
