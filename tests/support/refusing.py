"""A PythonScript for a bare Orthanc: refuses or discards as its environment says."""

import os

import orthanc

KIND, ANSWER = os.environ["REFUSING"].split("=")


def received(data: bytes, origin: object) -> tuple[object, None]:
    """Discard what comes, or fail."""
    if ANSWER == "raises":
        raise RuntimeError("on purpose")
    return orthanc.ReceivedInstanceAction.DISCARD, None


def filtered(instance: object) -> int:
    """Refuse with the given status, or fail."""
    if ANSWER == "raises":
        raise RuntimeError("on purpose")
    return int(ANSWER, 16)


if KIND == "received":
    orthanc.RegisterReceivedInstanceCallback(received)
else:
    orthanc.RegisterIncomingCStoreInstanceFilter(filtered)
