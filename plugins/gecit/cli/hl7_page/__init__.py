"""The generated parts of `docs/conformance/hl7.md`: what is told of a field is what the code says when it is tried."""
