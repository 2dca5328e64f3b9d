"""Replies as text, porcelain or JSON lines."""
