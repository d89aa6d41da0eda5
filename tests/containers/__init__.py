"""A province in containers, played through: what `scripts/docker-test.sh` runs against the nodes it has started."""
