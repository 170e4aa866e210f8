"""REST and WebSocket as adapters need them: what failed, whether it was sent, and nothing left open."""
