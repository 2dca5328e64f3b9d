"""The light client of the vexord daemon."""
