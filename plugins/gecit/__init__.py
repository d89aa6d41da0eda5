"""Geçit: a Teleradyoloji node made of Python plugins inside an Orthanc DICOM server."""

__version__ = "0.1.0"
