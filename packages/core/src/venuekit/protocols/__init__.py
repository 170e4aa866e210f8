"""What the outside must provide: small protocols, no implementation."""
