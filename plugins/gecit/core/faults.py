"""How an unforeseen error is logged: its own words may quote a patient, so only its type and its place are told."""

from __future__ import annotations


def described(fault: BaseException) -> str:
    """Return `Type at file.py:line in function` of where it was raised."""
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return type(fault).__name__
    code = trace.tb_frame.f_code
    return f"{type(fault).__name__} at {code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} in {code.co_name}"
