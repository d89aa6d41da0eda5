"""Hostile input: each reader of what comes from outside, fed with what nobody sends by mistake.

`make fuzz` runs the targets under atheris, guided by coverage, and adds to counts that stand in build/fuzz;
`test_bounded.py` runs a sample of them without it in the ordinary suite.
"""
