"""What we are made of, and whether it may be trusted: advisories, bill of materials, secrets, code, licences.

`python -m supply` runs every check that `make check` runs; docs/howto/supply-chain.md says what each can tell.
"""
