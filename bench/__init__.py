"""One command for each figure: `python -m bench` runs all, `python -m bench NAME` one; prints JSON lines."""
