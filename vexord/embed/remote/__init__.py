"""Embedding by a provider over the network: one asynchronous seam, and the policy under pressure."""
