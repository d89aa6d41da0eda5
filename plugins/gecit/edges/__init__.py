"""One protocol per file: everything that touches the outside."""
