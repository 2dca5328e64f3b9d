"""The embedding seam and the models behind it."""
