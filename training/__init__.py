"""How the shipped model and the ranking's weights were made. Nothing here is imported by the packages."""
