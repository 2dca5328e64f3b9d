"""Entry of `python -m vexorctl`."""

from vexorctl.fast import run

if __name__ == "__main__":
    run()
