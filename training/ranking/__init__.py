"""Learns the weights of the ranking's signals from questions with known answers."""
