"""The two processes as a system: start, lock, health, restarts, notification, logging."""
