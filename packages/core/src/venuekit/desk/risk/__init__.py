"""Limits: what an order may cost, checked the same way in what-if and in enforcement."""
