"""One file per arrow of the flow; each step takes its ports as arguments."""
