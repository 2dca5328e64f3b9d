import os


def cart_total(items):
    """Add up the prices."""
    return sum(item.price for item in items)


class Cart:
    def add(self, item):
        self.items.append(item)
