"""The outside world for a laptop. All of it is a reconstruction: no real service behaves like this in every detail."""
