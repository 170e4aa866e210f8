"""A desk becomes an MCP server."""
