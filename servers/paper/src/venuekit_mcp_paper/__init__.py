"""MCP server for the paper exchange."""
